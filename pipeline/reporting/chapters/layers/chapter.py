"""Layers: what each layer of the denoiser shows, beside a segmentation network of the same architecture and the denoiser
before its training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.anatomy import layered
from pipeline.anatomy.layered import COMPOSITE, DENOISER, FRESH, MEASURES, SEED, SEGMENTER, Layered
from pipeline.judges.number import Kind, Number, over_replicas
from pipeline.reporting.chapters.layers import figures
from pipeline.reporting.chapters.layers.claims import CLAIMS as CLAIMS
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, text, words
from pipeline.segmentation import segmented
from pipeline.segmentation.segmented import BACKGROUND, Segmented

NAME, TITLE = "layers", "What each layer shows, beside a segmentation network"
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("foreground", "mask_probe", "class_probe", "fine"), "share"),
    **dict.fromkeys(("edges", "smoothness"), "correlation"),
}


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `segment` and `layers` left of the networks."""

    study: Study
    segmented: Segmented
    layered: Layered

    @property
    def views(self) -> list[str]:
        """The noise levels that the denoiser was looked at, the lowest first."""
        measures = self.layered.measures
        return sorted(set(measures.loc[measures["network"] == DENOISER, "view"]))

    @property
    def layers(self) -> list[str]:
        """The layers' names, in the order in which they are computed."""
        return list(dict.fromkeys(self.layered.measures["layer"]))


def read(study: Study) -> Found | None:
    """What `segment` and `layers` left; None where one of them left nothing."""
    segments, layers = study.outputs / segmented.STAGE, study.outputs / layered.STAGE
    if not (segmented.there(segments) and layered.there(layers)):
        return None
    return Found(study, segmented.load(segments), layered.load(layers))


def numbers(found: Found) -> Summary:
    """How well the networks segment, every layer's measures, how alike layers are, what skips are worth, and the
    effects that decide claims; all over the training seeds."""
    out: Summary = dict(_overlaps(found))
    measures = found.layered.measures
    for (network, view, layer), rows in measures.groupby(["network", "view", "layer"], sort=False):
        for measure in MEASURES:
            number = _over(rows[measure], rows["n"].iloc[0], KINDS[measure])
            out[f"{NAME}.{network}.{view}.{layer}.{measure}"] = number
    for (view, other, layer), rows in found.layered.likenesses.groupby(["view", "other", "layer"], sort=False):
        out[f"{NAME}.likeness.{view}.{other}.{layer}"] = _over(rows["cka"], rows["n"].iloc[0])
    for (network, view, skip), rows in found.layered.skips.groupby(["network", "view", "skip"], sort=False):
        out[f"{NAME}.skips.{network}.{view}.{skip}"] = _over(rows["worse"], rows["n"].iloc[0])
    for name, effect in EFFECTS.items():
        values = [effect(Found(found.study, found.segmented, one), found.views) for one in _replicas(found.layered)]
        out[f"{NAME}.effects.{name}"] = _over(values, measures["n"].iloc[0])
    return out


def _over(values: "pd.Series[float] | list[float]", n: int, kind: Kind | None = None) -> Number:
    """A number over training seeds, from a value of each."""
    each: list[Number] = [{"value": float(value), "n": int(n)} for value in values]
    return over_replicas([{**number, "kind": kind} for number in each] if kind else each)


def _overlaps(found: Found) -> Iterator[tuple[str, Number]]:
    """The mean intersection over union, and that of each class of pixels."""
    table = found.segmented.overlaps
    mean = _over(table.groupby("replica", sort=False)["iou"].mean(), table["n"].iloc[0], "share")
    yield f"{segmented.STAGE}.overlap", {**mean, "required": found.study.params.segment.min_overlap}
    for label, rows in table.groupby("class"):
        name = "background" if label == BACKGROUND else str(label)
        yield f"{segmented.STAGE}.class.{name}.overlap", _over(rows["iou"], rows["n"].iloc[0], "share")


def _replicas(whole: Layered) -> Iterator[Layered]:
    """What was found of each training seed."""
    for replica in dict.fromkeys(whole.measures["replica"]):
        tables = (table[table["replica"] == replica] for table in (whole.measures, whole.likenesses, whole.skips))
        measures, likenesses, skips = tables
        yield Layered(measures, likenesses, skips, whole.pictures)


def _gained(measure: str) -> Callable[[Found, list[str]], float]:
    """By how many points of 100 a measure gains more by training in the segmentation network than in the denoiser, mean
    over layers and, for the denoiser, over noise levels."""

    def effect(found: Found, views: list[str]) -> float:
        means = found.layered.measures.groupby(["network", "view"])[measure].mean()
        ours = np.mean([means[DENOISER, view] - means[FRESH, view] for view in views])
        return float(100 * (means[SEGMENTER, COMPOSITE] - means[FRESH, COMPOSITE] - ours))

    return effect


def _deeper(found: Found, views: list[str]) -> float:
    table = found.layered.measures
    probes = table[(table["network"] == DENOISER) & (table["view"] == views[0])].set_index("layer")["class_probe"]
    middle = "middle_01" if "middle_01" in probes else [name for name in probes.index if name.startswith("skip")][-1]
    return float(100 * (probes[middle] - probes["skip_01"]))


def _detail(found: Found, views: list[str]) -> float:
    skips = found.layered.skips
    means = skips[skips["network"] == DENOISER].groupby("view")["worse"].mean()
    return float(means[views[0]] - means[views[-1]])


EFFECTS: dict[str, Callable[[Found, list[str]], float]] = {
    "segmentation_marks_regions": _gained("foreground"),
    "segmentation_follows_edges": _gained("edges"),
    "diffusion_is_mosaic": _gained("smoothness"),
    "deeper_is_more_abstract": _deeper,
    "skips_bring_detail": _detail,
}


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Composites, measures by layer, likenesses, the worth of skips, and maps."""
    drawn = figures.draw(folder, found.layered, found.segmented, summary, found.views, found.layers)
    return {file.removesuffix(".png"): Picture(f"{NAME}/{file}", caption) for file, caption in drawn}


def finding(found: Found, summary: Summary) -> Finding:
    """Where the class can be read off the denoiser, and how alike the two networks are."""
    low, high = found.views[0], found.views[-2] if len(found.views) > 1 else found.views[0]
    probes = {
        view: {layer: summary[f"{NAME}.{DENOISER}.{view}.{layer}.class_probe"] for layer in found.layers}
        for view in (low, high)
    }
    best = {view: max(of, key=lambda layer: of[layer]["value"]) for view, of in probes.items()}
    said = " and ".join(
        f"off `{best[view]}` for {text(probes[view][best[view]], 0, 100)} % of the images at {_noise(view)} of T"
        for view in dict.fromkeys((low, high))
    )
    kin = {other: _mean(found, summary, low, other) for other in (SEGMENTER, FRESH)}
    n = next(iter(probes[low].values()))["n"]
    return Finding(
        f"A linear probe reads the class best {said} (n = {n} held-out images and {_seeds(found)}). Over all layers the "
        f"denoiser's likeness (CKA) to a segmentation network of its architecture is {kin[SEGMENTER]:.2f}, and to "
        f"itself before training {kin[FRESH]:.2f}.",
        "measures",
        6,
    )


def _mean(found: Found, summary: Summary, view: str, other: str) -> float:
    """The likeness to another network, mean over layers."""
    return float(np.mean([summary[f"{NAME}.likeness.{view}.{other}.{layer}"]["value"] for layer in found.layers]))


def _noise(view: str) -> str:
    return f"{int(view.removeprefix('t'))} %"


def _seeds(found: Found) -> str:
    count = found.layered.measures["replica"].nunique()
    return f"{count} training seed{'s' if count > 1 else ''}"


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    overlap = summary[f"{segmented.STAGE}.overlap"]
    return fill(
        Path(__file__).with_suffix(".md"),
        seeds=_seeds(found),
        images=f"{found.study.params.segment.images:,}",
        overlap=text(overlap),
        n_overlap=overlap["n"],
        enough=overlap["value"] >= overlap["required"],
        required=overlap["required"],
        classes=_classes(found, summary),
        n=summary[f"{NAME}.{DENOISER}.{found.views[0]}.{found.layers[0]}.class_probe"]["n"],
        n_alike=summary[f"{NAME}.likeness.{found.views[0]}.{SEGMENTER}.{found.layers[0]}"]["n"],
        n_skips=int(found.layered.skips["n"].iloc[0]),
        probes=_measure(found, summary, "class_probe"),
        regions=_measure(found, summary, "foreground"),
        likenesses=_likenesses(found, summary),
        pictures=pictures,
        maps=[picture for name, picture in pictures.items() if name.startswith("maps")],
    )


def _classes(found: Found, summary: Summary) -> Table:
    names = {"background": "background", **{str(i): name for i, name in enumerate(found.study.prepared.classes)}}
    rows: list[list[Cell]] = [
        [shown, summary[f"{segmented.STAGE}.class.{name}.overlap"]]
        for name, shown in names.items()
        if f"{segmented.STAGE}.class.{name}.overlap" in summary
    ]
    return Table([words("pixels of"), Column("intersection over union")], rows)


def _measure(found: Found, summary: Summary, measure: str) -> Table:
    """A measure, in percent: a row per layer, a column per view of the denoiser, and the other networks."""
    views = [*((DENOISER, view) for view in found.views), (SEGMENTER, COMPOSITE), (FRESH, found.views[0])]
    headings = [*(f"denoiser, {_noise(view)} of T" for view in found.views), "segmentation network"]
    columns = [
        words("layer"),
        Column("pixels per side"),
        *(Column(f"{heading}, %", 0, 100) for heading in headings),
        Column(f"fresh weights, {_noise(found.views[0])} of T, %", 0, 100),
    ]
    sizes = found.layered.measures.drop_duplicates("layer").set_index("layer")["resolution"]
    rows: list[list[Cell]] = [
        [f"`{layer}`", int(sizes[layer]), *(summary[f"{NAME}.{net}.{view}.{layer}.{measure}"] for net, view in views)]
        for layer in found.layers
    ]
    return Table(columns, rows)


def _likenesses(found: Found, summary: Summary) -> Table:
    """The likeness of the denoiser's layers at the lowest noise level to others."""
    low = found.views[0]
    others = {
        SEED: "another training seed",
        SEGMENTER: "segmentation network",
        FRESH: "fresh weights",
        **{view: f"itself at {_noise(view)} of T" for view in found.views[1:]},
    }
    there = {
        other: heading
        for other, heading in others.items()
        if f"{NAME}.likeness.{low}.{other}.{found.layers[0]}" in summary
    }
    rows: list[list[Cell]] = [
        [f"`{layer}`", *(summary[f"{NAME}.likeness.{low}.{other}.{layer}"] for other in there)]
        for layer in found.layers
    ]
    return Table([words("layer"), *(Column(heading) for heading in there.values())], rows)
