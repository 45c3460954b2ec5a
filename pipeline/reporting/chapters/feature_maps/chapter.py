"""Feature maps: what every layer of a subject gives at some steps of the sampling loop."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.anatomy import mapped, overall
from pipeline.anatomy.mapped import MEASURES, Mapped
from pipeline.judges.number import Number, counted
from pipeline.reporting.by_layer import noise
from pipeline.reporting.chapters.feature_maps import figures
from pipeline.reporting.claims import Claim
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, over_networks
from pipeline.reporting.table import Cell, Column, Table, text, words

NAME, TITLE = mapped.STAGE, "What the layers give at some steps"
CLAIMS: list[Claim] = []  # those on feature maps are decided beside another network, in the chapter `layers`


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `feature_maps` left of every subject."""

    study: Study
    subjects: dict[str, Mapped]


def read(study: Study) -> Found | None:
    """What `feature_maps` left of every subject; None where it left nothing."""
    subjects = study.of_subjects(NAME, mapped.load, overall.mapped)
    return Found(study, subjects) if subjects else None


def numbers(found: Found) -> Summary:
    """Every layer's measures at every time, their means over layers, and how these change over the process."""
    out: Summary = {}
    for subject, maps in found.subjects.items():
        of = f"{NAME}.{subject}"
        count = maps.images["network"].nunique() if "network" in maps.images else 1
        for row in maps.measures.to_dict("records"):
            where = f"{of}.{row['time']}.{row['layer']}"
            for measure, kind in MEASURES.items():
                ends = [row[f"{measure}_low"], row[f"{measure}_high"]]
                out[f"{where}.{measure}"] = {"value": row[measure], "n": row["n"], "ci95": ends, "kind": kind}
            out[f"{where}.idle"] = counted(row["idle"], row["channels"] * count)
        for time, rows in maps.measures.groupby("time", sort=False):
            channels = int(rows["channels"].sum()) * count
            idle = float((rows["idle"] * rows["channels"]).sum() / rows["channels"].sum())
            out[f"{of}.{time}.mean.idle"] = counted(idle, channels)
        out |= {f"{of}.{name}": number for name, number in maps.findings.items()}
    return out


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Measures by layer, the chosen channels of all layers, and a sheet per layer, of every subject."""
    drawn: Pictures = {}
    for subject, maps in found.subjects.items():
        channels = found.study.params.feature_maps.channels
        for file, caption in figures.draw(folder / subject, maps, channels, _shown(maps)):
            drawn[f"{subject}/{file}"] = Picture(f"{NAME}/{subject}/{file}", caption, subject)
    return drawn


def _shown(maps: Mapped) -> list[int]:
    """The seeds whose maps are shown, which are the first."""
    return sorted(set(maps.images["seed"]))[: maps.pictures["x0"].shape[1]]


def finding(found: Found, summary: Summary) -> Finding | None:
    """How the maps of the first subject change over the process; None where there is a single time."""
    subject, maps = next(iter(found.subjects.items()))
    change = _change(subject, maps, summary)
    return Finding(change, f"{subject}/channels.png", 5) if change else None


def _change(subject: str, maps: Mapped, summary: Summary) -> str:
    """Say how the maps of a subject change from the noisiest time to the cleanest; nothing where there is one time."""
    of = f"{NAME}.{subject}"
    if len(maps.times) < 2:
        return ""
    smooth, fine = summary[f"{of}.change.smoothness"], summary[f"{of}.change.fine"]
    halves = [
        f"by {text(summary[f'{of}.change.smoothness.{h}'], sign=True)} in the {h}" for h in ("encoder", "decoder")
    ]
    return (
        f"From {noise(maps.times[-1])} to {noise(maps.times[0])} of T the feature maps of `{subject}` "
        f"{_went(smooth, 'become smoother', 'become rougher')}. The correlation of neighbouring pixels changes by "
        f"{text(smooth, sign=True)}, mean over layers, {' and '.join(halves)}. The share of their energy in high "
        f"frequencies {_went(fine, 'rises', 'falls')}, by {text(fine, 1, 100, sign=True)} points "
        f"(n = {smooth['n']} seeds, paired)."
    )


def _went(change: Number, up: str, down: str) -> str:
    """Say which way a change goes, where its interval lies on one side of 0."""
    low, high = change["ci95"]
    return up if low > 0 else down if high < 0 else f"neither clearly {up} nor {down}"


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown, a part per subject."""
    return fill(
        Path(__file__).with_suffix(".md"),
        subjects=[_of_subject(name, maps, summary, pictures) for name, maps in found.subjects.items()],
    )


def _of_subject(subject: str, maps: Mapped, summary: Summary, pictures: Pictures) -> dict[str, object]:
    """What the template says of one subject."""
    of = f"{NAME}.{subject}"
    each = maps.measures.drop_duplicates("layer").set_index("layer")
    sheets = [
        {
            "layer": layer,
            "form": f"{each['channels'][layer]:,} channels of {each['resolution'][layer]}x{each['resolution'][layer]}",
            "picture": pictures[f"{subject}/maps-{layer}.png"],
        }
        for layer in maps.layers
    ]
    idle = summary[f"{of}.{maps.times[0]}.mean.idle"]
    return {
        "name": subject,
        "networks": over_networks(summary, of),
        "n": int(maps.measures["n"].iloc[0]),
        "shown": len(_shown(maps)),
        "change": _change(subject, maps, summary),
        "steps": _steps(of, maps, summary),
        "layers": _layers(of, maps, summary),
        "channels": f"{idle['n']:,}",
        "maps": f"outputs/{NAME}/{subject}/0/maps",
        "pictures": {name: pictures[f"{subject}/{name}.png"] for name in ("measures", "channels", "images")},
        "sheets": sheets,
    }


def _steps(of: str, maps: Mapped, summary: Summary) -> Table:
    """A row per time: its step, and the means over layers."""
    columns = [
        words("share of T"),
        Column("timestep t"),
        Column("step k"),
        Column("smoothness, correlation"),
        Column("high frequencies, %", 1, 100),
        Column("idle channels, %", 1, 100),
    ]
    rows: list[list[Cell]] = []
    for time, of_time in maps.measures.groupby("time", sort=False):
        means = [summary[f"{of}.{time}.mean.{measure}"] for measure in (*MEASURES, "idle")]
        rows.append([noise(str(time)), int(of_time["t"].iloc[0]), int(of_time["k"].iloc[0]), *means])
    return Table(columns, rows)


def _layers(of: str, maps: Mapped, summary: Summary) -> list[dict[str, object]]:
    """A table per measure: a row per layer, a column per time."""
    out: list[dict[str, object]] = []
    for measure, (says, digits, times) in SAID.items():
        columns = [words("layer"), *(Column(noise(time), digits, times) for time in maps.times)]
        rows: list[list[Cell]] = [
            [f"`{layer}`", *(summary[f"{of}.{time}.{layer}.{measure}"] for time in maps.times)] for layer in maps.layers
        ]
        out.append({"says": says, "table": Table(columns, rows)})
    return out


SAID = {
    "smoothness": ("smoothness, correlation", 2, 1),
    "fine": ("energy in high frequencies, %", 1, 100),
    "idle": ("idle channels, %", 1, 100),
}
