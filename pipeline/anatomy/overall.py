"""What was found of a subject, over all of its networks: one result in the place of one for each network. Pictures,
maps and what is told of single images are those of the first network."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.anatomy import pooled
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

    Some sweeps begin where the network's own blocks become redundant, and rest between cuts as long as it may have. A
    cell of such a sweep is that of another network with as many blocks and steps, or as long a rest; its `start`, and
    the `n` of such cuts, are then 0, and its name is without them.
    """
    first = found[0]
    tables, names = [], dict[str, str]()
    for each in found:
        own, rests = each.curves["sweep"].isin(OWN_START), each.curves["sweep"] == "relax"
        pooled_as = each.curves.assign(
            start=each.curves["start"].where(~own, 0),
            n=each.curves["n"].where(~rests, 0),
            snr_db=each.curves["snr_db"].where(~own),
            cell=[_cell(row) if row["sweep"] in OWN_START else row["cell"] for row in each.curves.to_dict("records")],
        )
        if each is first:
            names = dict(zip(each.curves["cell"], pooled_as["cell"], strict=True))
        tables.append(pooled_as)
    by = ["sweep", "fill", "noise", "parts", "start", "n", "r"]
    curves = pooled.tables(tables, by, INTERVENED, ["n_seeds"])
    return Intervened(
        first.parts,
        first.cells.assign(cell=first.cells["cell"].map(names)),
        curves,
        over_findings([each.findings for each in found]),
        {names.get(name, name): images for name, images in first.images.items()},
        first.seeds,
    )


def _cell(row: dict) -> str:
    """Return the name of a cell that begins at the network's own start: duration-03-n08, or relax-03-r05."""
    length = f"r{row['r']:02d}" if row["sweep"] == "relax" else f"n{row['n']:02d}"
    return f"{row['sweep']}-{row['parts']:02d}-{length}" + "-cache" * (row["fill"] == "cache")


def over_findings(found: Sequence[dict[str, Number]]) -> dict[str, Number]:
    """Put the phases, limits and effects of a subject's networks together. Phases and limits are among the few steps
    that were tried, or halfway between them, so they have their median."""
    return pooled.numbers(found, lambda name: name.startswith(("limits.", "phases.")))


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
    the first, for a schedule that is found belongs to its network, and so do the rivals that cost as much."""
    return replace(found[0], effects=pooled.numbers([each.effects for each in found]))
