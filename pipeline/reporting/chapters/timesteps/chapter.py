"""Timesteps: the same number of steps spent in other parts of the process, and when images show each word."""

from dataclasses import dataclass
from math import exp
from pathlib import Path

from pipeline.anatomy import followed, overall, timed
from pipeline.anatomy.effects import Timesteps
from pipeline.anatomy.followed import Followed
from pipeline.anatomy.timed import CLIP, FULL, KINDS, STYLE, UNIFORM, Timed, spacing_name
from pipeline.judges.number import Number
from pipeline.reporting.chapters.timesteps import figures
from pipeline.reporting.chapters.timesteps.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.timesteps.figures import SAMPLERS, spoken
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.plots import write
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, children, over_networks
from pipeline.reporting.table import Cell, Column, Table, listed, percent, text, words

NAME, TITLE = "timesteps", "Which concept is drawn when"
NOISE = (
    " DDPM draws noise at each timestep that it visits, so its images differ from the full loop's whatever the spacing."
)


@dataclass(frozen=True)
class Found:
    """What the stages left, what `timesteps` left of every subject, and what `trajectory` left of those that it looked
    at."""

    study: Study
    subjects: dict[str, Timed]
    followed: dict[str, Followed]

    @property
    def samplers(self) -> list[str]:
        """The samplers that spacings were drawn by."""
        return list(self.study.params.timesteps.samplers)


def read(study: Study) -> Found | None:
    """What `timesteps` left of every subject; None where it left nothing."""
    subjects = study.of_subjects(NAME, timed.load, overall.timed)
    courses = study.of_subjects(followed.STAGE, followed.load, overall.followed)
    return Found(study, subjects, courses) if subjects else None


def numbers(found: Found) -> Summary:
    """The numbers of every spacing and sampler, of every word over the process, and the effects that decide claims."""
    out: Summary = {}
    for subject, each in found.subjects.items():
        of = f"{NAME}.{subject}"
        out |= {f"{of}.{name}": number for name, number in each.findings.items()}
        for row in each.steps.to_dict("records"):
            out |= {f"{of}.steps.{row['k']}.{name}": number for name, number in _of_row(row).items()}
    return out


def _of_row(row: dict) -> dict[str, Number]:
    """The numbers in a row of `Timed.steps`."""
    return {
        name: {
            "value": row[name],
            "n": row["n_attention" if name == "attention" else "n"],
            "ci95": [row[f"{name}_low"], row[f"{name}_high"]],
            "kind": kind,
        }
        for name, kind in KINDS.items()
        if name in row
    }


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """The spacings, and every subject's images, measures and words."""
    drawn: Pictures = {}
    for subject, each in found.subjects.items():
        of, way = f"{NAME}.{subject}", found.followed.get(subject)
        write(figures.spacings(each.spacings), folder / subject / "spacings.png")
        pictures = [
            (
                "spacings.png",
                "Where the steps of each spacing lie in the process. Blue ones are dense early, orange ones late; the "
                "signal-to-noise ratio above says how noisy the image is there.",
            ),
            *figures.draw(
                folder / subject,
                each,
                summary,
                of,
                found.samplers,
                found.study.prepared.classes,
                found.study.distance,
                way.branches if way else None,
            ),
        ]
        for file, caption in pictures:
            drawn[f"{subject}/{file}"] = Picture(f"{NAME}/{subject}/{file}", caption, subject)
    return drawn


def finding(found: Found, summary: Summary) -> Finding | None:
    """When the first subject's images show each word for good, and what they keep where the early part is thinned."""
    subject = next(iter(found.subjects))
    of, asked = f"{NAME}.{subject}", found.study.params.timesteps
    settled = {word: summary.get(f"{of}.settled.{word}") for word in figures.WORDS}
    there = {word: number for word, number in settled.items() if number}
    if not there:
        return None
    when = listed([f"its {word} after {text(number, 0, 100)} %" for word, number in there.items()])
    n = next(iter(there.values()))["n"]
    said = f"The clean image that `{subject}` predicts shows for good {when} of the steps (n = {n} seeds)."
    lost = summary.get(f"{of}.effects.{Timesteps.EARLY_ATTRIBUTE_IS_LOST}")
    if lost:
        first = min(STYLE, key=lambda word: there[word]["value"])
        said += (
            f" With {asked.steps} steps that are spent early instead of late, the share of images that keep the full "
            f"loop's {first} changes by {text(lost, 0, 100, True)} points."
        )
    return Finding(said, f"{subject}/concepts.png", 3)


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown, a part per subject."""
    asked = found.study.params.timesteps
    first = next(iter(found.subjects))
    places = [f"{spacing_name(place).replace('_', ' ')} around {percent(place)}" for place in sorted(asked.positions)]
    return fill(
        Path(__file__).with_suffix(".md"),
        full=found.study.params.sampler.steps,
        steps=asked.steps,
        factor=f"{exp(asked.strength):.3g}",
        places=listed(places),
        spacings=pictures[f"{first}/spacings.png"],
        subjects=[_of_subject(name, each, found, summary, pictures) for name, each in found.subjects.items()],
    )


def _of_subject(subject: str, each: Timed, found: Found, summary: Summary, pictures: Pictures) -> dict[str, object]:
    """What the template says of one subject."""
    of = f"{NAME}.{subject}"
    mine = {file.split("/")[1].split(".")[0]: p for file, p in pictures.items() if p.of == subject}
    way = found.followed.get(subject)
    decided = text(way.findings["half_decided"], 0, 100) if way else ""
    return {
        "name": subject,
        "networks": over_networks(summary, of),
        "seeds": int(each.steps["n"].iloc[0]),
        "judged": "settled.class" in each.findings,
        "styled": "settled.stroke" in each.findings,
        "sheets": [mine[sampler] for sampler in found.samplers],
        "samplers": [
            {
                "name": SAMPLERS[sampler],
                "quality": _quality(f"{of}.{sampler}", found.study.distance, summary),
                "kept": _kept(f"{of}.{sampler}", summary),
                "noise": NOISE if sampler == "ddpm" else "",
            }
            for sampler in found.samplers
        ],
        "settled": _settled(of, summary),
        "by_clip": f"settled.{CLIP}class" in each.findings,
        "decided": f" Half of an image is decided after {decided} % of the process, by the likeness of continuations "
        "with fresh noise." * bool(way),
        "pictures": mine,
    }


def _quality(of: str, distance: str, summary: Summary) -> Table | None:
    """The distance, the accuracy and when the class is named, beside those of the uniform spacing; None where no judge
    can say."""
    if f"{of}.{UNIFORM}.frechet" not in summary:
        return None
    columns = [
        words("spacing"),
        Column(distance),
        Column("gap", sign=True),
        Column("class accuracy, %", 1, 100),
        Column("gap, points", 1, 100, sign=True),
        Column("class named for good after, %", 0, 100),
    ]
    names = ("frechet", "frechet_gap", "right", "right_gap", "decided")
    return Table(columns, _rows(of, names, summary))


def _kept(of: str, summary: Summary) -> Table:
    """How much of the full loop's images is left."""
    columns = {
        "likeness": Column("likeness"),
        "coarse": Column("coarsest octave", 3),
        "coarse_gap": Column("gap", 3, sign=True),
        "fine": Column("finest octave"),
        "fine_gap": Column("gap", sign=True),
        "detail": Column("fine energy, dB", 1, sign=True),
        "slant": Column("slant kept, %", 0, 100),
        "slant_gap": Column("gap, points", 0, 100, sign=True),
        "stroke": Column("stroke kept, %", 0, 100),
        "stroke_gap": Column("gap, points", 0, 100, sign=True),
    }
    there = [name for name in columns if f"{of}.{UNIFORM}.{name.removesuffix('_gap')}" in summary]
    return Table([words("spacing"), *(columns[name] for name in there)], _rows(of, there, summary))


def _rows(of: str, names: list[str] | tuple[str, ...], summary: Summary) -> list[list[Cell]]:
    """A row per spacing, the full loop first."""
    spaced = sorted(children(summary, *of.split(".")), key=lambda each: each != FULL)
    return [[spoken(each), *(summary.get(f"{of}.{each}.{name}") for name in names)] for each in spaced]


def _settled(of: str, summary: Summary) -> Table | None:
    """When each word is settled, how often two images share it, and what CLIP says where it reads words; None where no
    word can be read."""
    there = [word for word in figures.WORDS if f"{of}.settled.{word}" in summary]
    columns = {
        "settled.": Column("settled after, %", 0, 100),
        "chance.": Column("shared by two images, %", 0, 100),
        f"settled.{CLIP}": Column("settled by CLIP after, %", 0, 100),
        f"finished.{CLIP}": Column("named by CLIP at the end, %", 0, 100),
    }
    seen = [begins for begins in columns if any(f"{of}.{begins}{word}" in summary for word in there)]
    rows: list[list[Cell]] = [[word, *(summary.get(f"{of}.{begins}{word}") for begins in seen)] for word in there]
    return Table([words("word"), *(columns[begins] for begins in seen)], rows) if rows else None
