"""What was found of a subject, over all of its networks: one result in the place of one for each network. Pictures,
maps and what is told of single images are those of the first network."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pipeline.anatomy import pooled
from pipeline.anatomy.compared import MEASURES as COMPARED
from pipeline.anatomy.compared import Compared
from pipeline.anatomy.followed import KINDS as FOLLOWED
from pipeline.anatomy.followed import Followed
from pipeline.anatomy.intervened import KINDS as INTERVENED
from pipeline.anatomy.intervened import OWN_START, Intervened
from pipeline.anatomy.mapped import MEASURES as MAPPED
from pipeline.anatomy.mapped import Mapped
from pipeline.anatomy.salient import Salient
from pipeline.anatomy.timed import KINDS as TIMED
from pipeline.anatomy.timed import Timed
from pipeline.judges.number import Number


def followed(found: Sequence[Followed]) -> Followed:
    """Put the networks of a subject together; pictures are those of the first."""
    first = found[0]
    return Followed(
        pooled.tables([each.steps for each in found], ["k"], FOLLOWED),
        pooled.joined([each.images for each in found]),
        pooled.tables([each.branches for each in found], ["k"], FOLLOWED),
        first.schedules,
        pooled.numbers([each.findings for each in found]),
        first.pictures,
        first.labels,
    )


def intervened(found: Sequence[Intervened]) -> Intervened:
    """Put the networks of a subject together; per-seed values and images are those of the first.

    A cell of one network is that of another which does the same, from the network's own start where that is what the
    sweep begins with. Limits are among the few that were tried, so they have their median.
    """
    first = found[0]
    by = ["sweep", "fill", "noise", "parts", "n", "r", "from"]
    tables = [each.curves.assign(**{"from": _from(each.curves)}) for each in found]
    return Intervened(
        first.parts,
        first.cells,
        pooled.tables(tables, by, INTERVENED, ["n_seeds"]).drop(columns="from"),
        over_findings([each.findings for each in found]),
        first.images,
        first.seeds,
    )


def over_findings(found: Sequence[dict[str, Number]]) -> dict[str, Number]:
    """Put the phases, limits and effects of a subject's networks together."""
    return pooled.numbers(found, lambda name: name.startswith("limits."))


def _from(curves: pd.DataFrame) -> pd.Series:
    """The first step of every cell, 0 where it is the network's own start."""
    return curves["start"].where(~curves["sweep"].isin(OWN_START), 0)


def mapped(found: Sequence[Mapped]) -> Mapped:
    """Put the networks of a subject together; pictures are those of the first."""
    first = found[0]
    return Mapped(
        pooled.tables([each.measures for each in found], ["time", "layer"], MAPPED),
        pooled.joined([each.images for each in found]),
        pooled.numbers([each.findings for each in found]),
        first.pictures,
    )


def salient(found: Sequence[Salient]) -> Salient:
    """Put the networks of a subject together; maps and pictures are those of the first. A number of masks from which on
    maps count as one can only be one of few."""
    first = found[0]
    return Salient(
        pooled.joined([each.games for each in found]),
        pooled.tables([each.curves for each in found], ["time", "method", "game", "share"], {"score": "correlation"}),
        pooled.joined([each.convergence for each in found]),
        pooled.joined([each.sanity for each in found]),
        pooled.numbers([each.findings for each in found], lambda name: name.endswith(".converged")),
        first.maps,
        first.pictures,
    )


def timed(found: Sequence[Timed]) -> Timed:
    """Put the networks of a subject together; pictures are those of the first."""
    first = found[0]
    return Timed(
        first.spacings,
        pooled.joined([each.images for each in found]),
        pooled.tables([each.steps for each in found], ["k"], TIMED, ["n", "n_attention"]),
        pooled.numbers([each.findings for each in found]),
        first.pictures,
        first.labels,
        first.columns,
    )


def compared(found: Sequence[Compared]) -> Compared:
    """Put the networks of a subject together: the effects that decide claims are over all of them. All else is that of
    the first, for a schedule that is found belongs to its network, and so do the rivals that cost as much. What the
    methods measure says how far networks differ, beside the few effects."""
    every = pooled.numbers([{**_measured(each.methods), **each.effects} for each in found])
    return replace(found[0], effects={name: every[name] for name in found[0].effects if name in every})


def _measured(methods: pd.DataFrame) -> dict[str, Number]:
    """What a table of methods has with an interval over seeds, by method and measure."""
    measures = [name for name in COMPARED if name in methods]
    return {
        f"{row['method']}: {name}": {
            "value": row[name],
            "n": row["n"],
            "ci95": [row[f"{name}_low"], row[f"{name}_high"]],
        }
        for row in methods.to_dict("records")
        for name in measures
        if pd.notna(row[name])
    }
