"""Saliency: which part of each step's input the predicted noise rests on, and whether to believe the maps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr

from pipeline.anatomy import believed, overall, pooled, salient
from pipeline.anatomy.salient import ADVERSARIALLY, CAM, RANDOMLY, RISE, RIVALS, Salient
from pipeline.judges.number import Number
from pipeline.params import BASELINE, Bootstrap
from pipeline.reporting.by_layer import noise
from pipeline.reporting.chapters.saliency import figures
from pipeline.reporting.chapters.saliency.claims import AGAINST, UNTIMED
from pipeline.reporting.chapters.saliency.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.saliency.figures import METHODS
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, below, over_networks
from pipeline.reporting.table import Cell, Column, Table, listed, text, words

NAME, TITLE = salient.STAGE, "What each step looks at, and whether to believe the maps"
BOTH = (RISE, CAM)
ALONE = " One training of each is looked at, so this says nothing of the architecture."


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `saliency` left of every subject."""

    study: Study
    subjects: dict[str, Salient]


def read(study: Study) -> Found | None:
    """What `saliency` left of every subject; None where it left nothing."""
    subjects = study.of_subjects(NAME, salient.load, overall.salient)
    return Found(study, subjects) if subjects else None


def numbers(found: Found) -> Summary:
    """What was measured of every map at every time, and the effects that decide claims; also by how much the baseline's
    order from object to edges is larger than that of the subject which is never told the timestep."""
    out: Summary = {}
    for subject, maps in found.subjects.items():
        out |= {f"{NAME}.{subject}.{name}": number for name, number in maps.findings.items()}
    if {BASELINE, UNTIMED} <= set(found.subjects):
        against = _against(found.subjects[BASELINE], found.subjects[UNTIMED], found.study.params.bootstrap)
        out |= {f"{NAME}.{UNTIMED}.{name}": number for name, number in against.items()}
    return out


def _against(timed: Salient, untimed: Salient, bootstrap: Bootstrap) -> dict[str, Number]:
    """By how much the order from object to edges is larger in one subject than in the other, paired by seed in every
    network that both have; empty where there is one time, or no object."""
    each = list[dict[str, Number]]()
    if len(timed.times) > 1:
        for one, other in zip(_networks(timed), _networks(untimed), strict=False):
            gap = _order(one) - _order(other)
            mean = believed.Over(np.zeros(len(gap), np.int64), bootstrap.resamples, bootstrap.seed).mean(gap)
            each.append({AGAINST: mean} if mean else {})
    return pooled.numbers(each) if each else {}


def _networks(maps: Salient) -> list[pd.DataFrame]:
    """The games of every network of a subject."""
    return [of for _, of in maps.games.groupby("network")] if "network" in maps.games else [maps.games]


def _order(games: pd.DataFrame) -> np.ndarray:
    """By how much DF-RISE's map is more like the object early than late, [S], of each seed."""
    return believed.hierarchy(believed.by_seed(games, "foreground")[RISE])


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Maps, their convergence, games, overlap and sanity checks of every subject."""
    drawn: Pictures = {}
    reached = found.study.params.saliency.converged
    for subject, maps in found.subjects.items():
        of = f"{NAME}.{subject}"
        for file, caption in figures.draw(folder / subject, maps, summary, of, _shown(maps), reached):
            drawn[f"{subject}/{file}"] = Picture(f"{NAME}/{subject}/{file}", caption, subject)
    return drawn


def _shown(maps: Salient) -> list[int]:
    """The seeds whose maps are shown, which are the first."""
    return sorted(set(maps.games["seed"]))[: len(maps.pictures["final"])]


def finding(found: Found, summary: Summary) -> Finding:
    """Whether the maps of the first subject are to be believed."""
    subject, maps = next(iter(found.subjects.items()))
    return Finding(_beats(subject, maps, summary), f"{subject}/maps.png", 4)


def _above(mine: Summary, where: str, method: str, rivals: tuple[str, ...]) -> list[str]:
    """The rivals that a method has a larger gain than, with the whole interval of the paired difference."""
    return [rival for rival in rivals if mine[f"{where}.{method}.over.{rival}"]["ci95"][0] > 0]


def _beats(subject: str, maps: Salient, summary: Summary) -> str:
    """Say which rivals each method beats, mean over times, and when it does not beat the edges."""
    mine, said = below(summary, NAME, subject), []
    for method in BOTH:
        won = [METHODS[rival] for rival in _above(mine, "mean", method, RIVALS)]
        lost = [METHODS[rival] for rival in RIVALS if METHODS[rival] not in won]
        gap = text(mine[f"mean.{method}.over.edges"], sign=True)
        beats = f"beats {listed(won)}" if won else "beats no rival"
        fails = f", and does not beat {listed(lost, 'or')}" if lost and won else ""
        said.append(
            f"{METHODS[method]} of `{subject}` {beats}{fails}; its gain is {gap} from that of an edge map "
            f"(n = {mine[f'mean.{method}.over.edges']['n']} seeds, paired, mean over times)."
        )
        never = [noise(time) for time in maps.times if not _above(mine, time, method, ("edges",))]
        if never and len(never) < len(maps.times):
            said.append(f"At {listed(never)} of T it does not beat the edge map.")
        elif never:
            said.append("It does not beat the edge map at any time.")
    return " ".join(said)


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown, a part per subject."""
    chosen = found.study.params.saliency
    return fill(
        Path(__file__).with_suffix(".md"),
        target=chosen.target,
        likeness=chosen.likeness,
        cells=chosen.cells,
        kept=f"{100 * ndtr(-chosen.threshold):.0f}",
        perturbation=f"{100 * chosen.perturbation:g}",
        subjects=[_of_subject(name, maps, found, summary, pictures) for name, maps in found.subjects.items()],
        untimed=_untimed(summary),
    )


def _of_subject(subject: str, maps: Salient, found: Found, summary: Summary, pictures: Pictures) -> dict[str, object]:
    """What the template says of one subject."""
    mine = below(summary, NAME, subject)
    iou = mine.get(f"mean.{RISE}.iou")
    return {
        "name": subject,
        "networks": over_networks(summary, f"{NAME}.{subject}"),
        "n": mine[f"mean.{RISE}.gain"]["n"],
        "objects": iou["n"] if iou else 0,
        "n_sanity": mine[f"mean.noise.{RANDOMLY}"]["n"],
        "says": _hierarchy(mine),
        "converged": _converged(maps, mine, found.study.params.saliency.converged),
        "beats": _beats(subject, maps, summary),
        "gains": _gains(maps, mine),
        "over": _over(maps, mine),
        "overlap": _overlap(mine),
        "agreement": text(mine["mean.agreement"]),
        "sanity": _sanity(mine, figures.checks(summary, f"{NAME}.{subject}")),
        "random": text(mine[f"mean.noise.{RANDOMLY}"]),
        "adversarial": text(mine[f"mean.noise.{ADVERSARIALLY}"]),
        "pictures": {
            file.split("/")[1].split(".")[0]: picture for file, picture in pictures.items() if picture.of == subject
        },
    }


def _hierarchy(mine: Summary) -> str:
    """Say how the overlap of DF-RISE's map with the object and with the edges goes over the process; nothing where
    there is one time, or no object."""
    first, late = mine.get("effects.semantics_first"), mine.get("effects.edges_late")
    if not first or not late:
        return ""
    return (
        f"The rank correlation of DF-RISE's map with the object is {_larger(first)} in the noisier half of the times "
        f"than in the cleaner half, by {text(first, sign=True)}, and that with the final image's edges is "
        f"{_larger(late)} in the cleaner half, by {text(late, sign=True)} (n = {first['n']} seeds)."
    )


def _larger(gap: Number) -> str:
    """Say which way a difference goes, where its interval lies on one side of 0."""
    low, high = gap["ci95"]
    return "larger" if low > 0 else "smaller" if high < 0 else "neither clearly larger nor smaller"


def _converged(maps: Salient, mine: Summary, reached: float) -> str:
    """Say at each time how many masks are enough, or that those which were drawn are not."""
    most = max(maps.convergence["masks"])
    enough = {time: mine.get(f"{time}.converged") for time in maps.times}
    several = max(len(number.get("replicas", [])) for number in mine.values())
    said = [
        f"{each['value']:,.0f} at {noise(time)} of T"
        + (f" (in {len(each['replicas'])} of {several} networks)" if len(each.get("replicas", [])) < several else "")
        for time, each in enough.items()
        if each
    ]
    rest = [noise(time) for time, each in enough.items() if not each]
    alike = text(mine[f"mean.convergence.{most}"])
    begins = (
        f"Two maps of {most} masks each, none of them in common, have a rank correlation of {alike}, mean over times."
    )
    some = f" Maps count as one from {reached:g} on, which takes {listed(said)}." if said else ""
    never = f" At {listed(rest)} of T it stays below {reached:g}, so there the map is not settled yet." if rest else ""
    return f"{begins}{some}{never} The maps shown have twice as many masks."


def _gains(maps: Salient, mine: Summary) -> Table:
    """A row per method, a column per time."""
    columns = [words("map"), *(Column(noise(time)) for time in maps.times), Column("mean over times")]
    rows: list[list[Cell]] = [
        [METHODS[method], *(mine.get(f"{where}.{method}.gain") for where in (*maps.times, "mean"))]
        for method in METHODS
    ]
    return Table(columns, rows)


def _over(maps: Salient, mine: Summary) -> Table:
    """A row per method and rival: by how much the method's gain is larger at each time, and whether it beats it."""
    columns = [words("method"), words("over"), *(Column(noise(time), sign=True) for time in maps.times)]
    columns += [Column("mean over times", sign=True), words("beats it")]
    rows: list[list[Cell]] = []
    for method in BOTH:
        for rival in RIVALS:
            cells = [mine.get(f"{where}.{method}.over.{rival}") for where in (*maps.times, "mean")]
            won = "yes" if _above(mine, "mean", method, (rival,)) else "no"
            rows.append([METHODS[method], METHODS[rival], *cells, won])
    return Table(columns, rows)


def _overlap(mine: Summary) -> Table:
    """A row per method: what it marks, mean over times."""
    columns = [words("map"), Column("IoU"), Column("pointing, %", 0, 100)]
    columns += [Column("with the object, correlation"), Column("with the edges, correlation")]
    rows: list[list[Cell]] = []
    for method in (*BOTH, *RIVALS):
        measures = ("iou", "pointing", "foreground", "edges")
        rows.append([METHODS[method], *(mine.get(f"mean.{method}.{measure}") for measure in measures)])
    return Table(columns, rows)


def _sanity(mine: Summary, said: dict[str, str]) -> Table:
    """A row per check, a column per method."""
    columns = [words("check"), *(Column(METHODS[method]) for method in BOTH)]
    rows: list[list[Cell]] = [
        [name, *(mine.get(f"mean.sanity.{method}.{check}") for method in BOTH)] for check, name in said.items()
    ]
    return Table(columns, rows)


def _untimed(summary: Summary) -> str:
    """Say whether the order from object to edges is another one without the timestep; nothing where no subject is
    without it."""
    found = summary.get(f"{NAME}.{UNTIMED}.{AGAINST}")
    if not found:
        return ""
    over = f", over {len(found['replicas'])} networks of each" if "replicas" in found else ""
    return (
        f"The map of `{BASELINE}` is more like the object early than late by {text(found, sign=True)} more than that "
        f"of `{UNTIMED}` (n = {found['n']} seeds, paired{over}).{'' if over else ALONE}"
    )
