"""What CLIP in the loss changes, by CLIP itself and by measures that took no part in training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.judges.evaluated import SECOND
from pipeline.judges.number import Number
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Column, Table, listed, text, words
from pipeline.text.prompted import ALL, CLIP_LOSS, HELD_OUT, SCORE, SEEN, STAGE, TEXT

OF, BASE = f"{STAGE}.{CLIP_LOSS}", f"{STAGE}.{TEXT}"
LEVEL = 0.05  # of the p-value of a change that is certain
COUNTED = {"images": "images seen in training", "multiply_adds": "multiply-adds in training, 10^9"}


@dataclass(frozen=True)
class Measure:
    """What two networks are compared by. judge: who measures it; share: whether it is a share, whose changes are in
    points and not in percent; better: 1 where more is better, -1 where less is, and 0 where neither is."""

    label: str
    judge: str
    share: bool = False
    better: int = 0

    @property
    def times(self) -> float:
        """What a value is multiplied by where it is printed or drawn."""
        return 100 if self.share else 1

    @property
    def unit(self) -> str:
        """The unit of a change."""
        return "points" if self.share else "%"


def measures(study: Study, whole: str, there: Mapping[str, Number]) -> dict[str, Measure]:
    """The measures of the numbers that are there, by the number's name; whole: the kind of word that stands for the
    whole caption."""
    obeyed = {f"{SEEN}.{whole}": "captions obeyed", f"{HELD_OUT}.{whole}": "held-out captions obeyed"}
    readers = "classifier, slant and width" if whole == ALL else "the classifier"
    known = {
        SCORE: Measure("CLIP score", "CLIP, which is in the loss", better=1),
        "accuracy": Measure("class accuracy", "the classifier", share=True, better=1),
        "confidence": Measure("confidence in the class", "the classifier", share=True, better=1),
        SECOND: Measure("second judge", "the second judge", share=True, better=1),
        study.frechet: Measure(study.distance, "features of images", better=-1),
        "spread": Measure("spread within a class", "features of images"),
        **{name: Measure(label, readers, share=True, better=1) for name, label in obeyed.items()},
    }
    return {name: measure for name, measure in known.items() if name in there}


def table(asked: Mapping[str, Measure], summary: Summary) -> Table:
    """A row per measure with both networks and the change, and a row for each thing that was counted in training."""
    rows = []
    for name, measure in asked.items():
        label, digits = f"{measure.label}{', %' * measure.share}", 1 if measure.share else 2
        both = [text(summary[f"{of}.{name}"], digits, measure.times) for of in (BASE, OF)]
        change = text(summary[f"{OF}.{name}_change"], 1, measure.times, sign=True)
        rows.append([label, measure.judge, *both, f"{change} {measure.unit}"])
    for name, label in COUNTED.items():
        times = 1e-9 if name == "multiply_adds" else 1
        both = [text(summary[f"{of}.{name}"], 0, times) for of in (BASE, OF)]
        rows.append([label, "counted", *both, f"{text(summary[f'{OF}.{name}_change'], 1, sign=True)} %"])
    return Table(
        [words("measure"), words("measured by"), *(Column(f"`{of}`") for of in (TEXT, CLIP_LOSS)), Column("change")],
        rows,
    )


def learned(asked: Mapping[str, Measure], summary: Summary, trainings: int) -> str:
    """Whether the network with CLIP in its loss learned more or only pleased CLIP, by the intervals of the changes."""
    if trainings == 1:
        return "One training seed cannot say whether `clip_loss` learned more or only pleased CLIP."
    pleased = _side(summary[f"{OF}.{SCORE}_change"], 1) > 0
    others = {name: measure for name, measure in asked.items() if name != SCORE and measure.better}
    side = {name: _side(summary[f"{OF}.{name}_change"], len(others)) * of.better for name, of in others.items()}
    better, worse = ([asked[name].label for name, of in side.items() if of == sign] for sign in (1, -1))
    if not pleased:
        said = "`clip_loss` did not even please CLIP: its CLIP score does not rise with certainty."
    elif better and not worse:
        said = "`clip_loss` learned more: its CLIP score rises, and other measures get better too."
    elif better:
        said = "`clip_loss` learned in part: its CLIP score rises, and other measures are divided."
    else:
        said = (
            "`clip_loss` pleased CLIP and is not shown to have learned more: no other measure gets better for certain."
        )
    return (
        f"{said} Of the {len(others)} measures that took no part in its loss, with p-values corrected for their "
        f"number, better: {listed(better) or 'none'}; worse: {listed(worse) or 'none'}."
    )


def _side(change: Number, of: int) -> int:
    """The side of 0 that a change lies on for certain, as one of so many (Bonferroni): 1 above, -1 below, else 0."""
    return int(np.sign(change["value"])) if change["p"] * of < LEVEL else 0
