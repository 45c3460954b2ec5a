"""Layers: what each layer of the denoiser shows, beside a segmentation network of the same architecture and fresh
weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.anatomy import layered
from pipeline.anatomy.layered import COMPOSITE, DENOISER, FLOOR, FRESH, MEASURES, SEED, SEGMENTER, Layered
from pipeline.judges.number import Kind, Number, in_percent, least, over_replicas
from pipeline.reporting.by_layer import noise
from pipeline.reporting.chapters.layers import figures
from pipeline.reporting.chapters.layers.claims import CLAIMS as CLAIMS
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, text, words
from pipeline.segmentation import segmented
from pipeline.segmentation.segmented import BACKGROUND, Segmented

NAME, TITLE = "layers", "What each layer shows, beside a segmentation network"
KINDS: dict[str, Kind | None] = {
    **dict.fromkeys(("class_probe", "mask_probe", "foreground", "foreground_all", "fine"), "share"),
    **dict.fromkeys(("edges", "edges_all", "smoothness"), "correlation"),
    "inside": None,
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
        return sorted(set(measures["view"]) - {COMPOSITE})

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
    for (network, view, layer), rows in found.layered.measures.groupby(["network", "view", "layer"], sort=False):
        for measure in MEASURES:
            out[f"{NAME}.{network}.{view}.{layer}.{measure}"] = _over(rows[measure], rows["n"], KINDS[measure])
    for address, pairs in found.layered.likenesses.groupby(["view", "other"], sort=False):
        view, other = map(str, address)
        of = f"{NAME}.likeness.{view}.{other}"
        for layer, rows in pairs.groupby("layer", sort=False):
            out[f"{of}.{layer!s}"] = _alike(rows["cka"], rows["n"], other)
        out[f"{of}.mean"] = _alike(pairs.groupby("replica")["cka"].mean(), pairs["n"], other)
    for (network, view, skip), rows in found.layered.skips.groupby(["network", "view", "skip"], sort=False):
        out[f"{NAME}.skips.{network}.{view}.{skip}"] = (
            in_percent(_over(np.log1p(rows["worse"] / 100), rows["n"]))
            if network == DENOISER
            else _over(rows["worse"], rows["n"])
        )
    if found.layered.measures["replica"].nunique() > 1:
        out |= {f"{NAME}.effects.{name}": effect for name, effect in _effects(found)}
    return out


def _over(values: "pd.Series[float]", n: "pd.Series[int]", kind: Kind | None = None) -> Number:
    """A number over training seeds, from a value of each."""
    each: list[Number] = [{"value": float(value), "n": int(n.iloc[0])} for value in values]
    return over_replicas([{**number, "kind": kind} for number in each] if kind else each)


def _alike(cka: "pd.Series[float]", n: "pd.Series[int]", other: str) -> Number:
    """A likeness over training seeds. Pairs of training seeds share seeds, so that their mean has no interval."""
    if other == SEED:
        return {"value": float(cka.mean()), "n": int(n.iloc[0])}
    return _over(cka, n, "likeness")


def _overlaps(found: Found) -> Iterator[tuple[str, Number]]:
    """The mean intersection over union, and that of each class of pixels that there is."""
    table = found.segmented.overlaps.dropna()
    mean = _over(table.groupby("replica", sort=False)["iou"].mean(), table["n"], "share")
    yield f"{segmented.STAGE}.overlap", {**mean, "required": found.study.params.segment.min_overlap}
    for label, rows in table.groupby("class"):
        name = "background" if label == BACKGROUND else str(label)
        yield f"{segmented.STAGE}.class.{name}.overlap", _over(rows["iou"], rows["n"], "share")


def _effects(found: Found) -> Iterator[tuple[str, Number]]:
    """What decides the claims. Where both networks are compared, it is on one input, and the claim must hold on the
    denoiser's own and on the segmentation network's."""
    table, low = found.layered.measures, found.views[0]
    means = table.groupby(["replica", "network", "view"], sort=False)[list(MEASURES)].mean()
    for name, measure in COMPARED.items():
        gaps = {}
        for view, said in ((COMPOSITE, "composites"), (low, "noisy images")):
            mine, theirs = (means.xs((network, view), level=(1, 2))[measure] for network in (DENOISER, SEGMENTER))
            gaps[said] = _over(100 * (theirs - mine), table["n"])
        yield name, least(gaps)
    encoder = [layer for layer in found.layers if not layer.startswith("block")]
    probes = table[table["view"] == low].pivot_table("class_probe", ["replica", "layer"], "network")
    gained = (probes[DENOISER] - probes[FRESH]).unstack("layer")[encoder]
    depth = pd.Series(range(len(encoder)), encoder, dtype=float)
    yield "deeper_is_more_abstract", _over(gained.T.corrwith(depth, method="spearman"), table["n"], "correlation")
    skips = found.layered.skips
    finer = skips[(skips["network"] == DENOISER) & (skips["view"] == low)].groupby("replica", sort=False)["finer"]
    yield "skips_bring_detail", _over(100 * finer.mean(), skips["n"])


COMPARED = {  # claim -> the measure by which the segmentation network is to be above the denoiser
    "segmentation_marks_regions": "foreground",
    "segmentation_follows_edges": "edges",
    "diffusion_spreads": "inside",
    "diffusion_is_mosaic": "smoothness",
}


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Composites, measures by layer, likenesses, the worth of skips, and maps."""
    drawn = figures.draw(folder, found.layered, found.segmented, summary, found.views, found.layers)
    return {file.removesuffix(".png"): Picture(f"{NAME}/{file}", caption) for file, caption in drawn}


def finding(found: Found, summary: Summary) -> Finding:
    """How much of the class is in the middle of the denoiser, and how alike the two networks are."""
    low, high = found.views[0], found.views[max(len(found.views) - 2, 0)]
    middle = next((layer for layer in found.layers if layer.startswith("middle")), found.layers[-1])
    probes = {view: summary[f"{NAME}.{DENOISER}.{view}.{middle}.class_probe"] for view in (low, high)}
    said = " and ".join(f"{text(probe, 0, 100)} % at noise {noise(view)}" for view, probe in probes.items())
    kin, floor = (summary[f"{NAME}.likeness.{low}.{other}.mean"] for other in (SEGMENTER, FLOOR))
    return Finding(
        f"From the middle of the denoiser's U-Net a linear probe reads the class of {said} (n = {probes[low]['n']} "
        f"held-out images, {_seeds(found)}). Its layers have a likeness (CKA) of {text(kin)} to those of the same "
        f"U-Net trained to segment; fresh weights have {text(floor)} (n = {kin['n']}).",
        "read",
        6,
    )


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
        tables=[{"says": says, "table": _measure(found, summary, measure)} for measure, says in SAID.items()],
        likenesses=_likenesses(found, summary),
        times=_times(found, summary),
        pictures=pictures,
        maps=[picture for name, picture in pictures.items() if name.startswith("image")],
    )


def _classes(found: Found, summary: Summary) -> Table:
    names = {"background": "background", **{str(i): name for i, name in enumerate(found.study.prepared.classes)}}
    rows: list[list[Cell]] = [
        [shown, summary[f"{segmented.STAGE}.class.{name}.overlap"]]
        for name, shown in names.items()
        if f"{segmented.STAGE}.class.{name}.overlap" in summary
    ]
    return Table([words("pixels of"), Column("intersection over union")], rows)


SAID = {
    "class_probe": "class, % of images",
    "mask_probe": "foreground read off all channels of a pixel, % under the curve",
    "foreground": "foreground by the best channel, % under the curve",
    "foreground_all": "foreground by a channel, mean over all, % under the curve",
    "edges": "edges by the best channel, correlation",
    "edges_all": "edges by a channel, mean over all, correlation",
    "inside": "energy on the foreground, less its share of the area, points",
    "smoothness": "smoothness, correlation",
    "fine": "energy in high frequencies, %",
}


def _measure(found: Found, summary: Summary, measure: str) -> Table:
    """A measure: a row per layer, a column per network and view."""
    low = found.views[0]
    views = [*((DENOISER, view) for view in found.views), (SEGMENTER, low), (FRESH, low)]
    views += [(network, COMPOSITE) for network in (DENOISER, SEGMENTER, FRESH)]
    digits, times = (2, 1) if "correlation" in SAID[measure] else (0, 100)
    columns = [words("layer"), Column("pixels per side")]
    for network, view in views:
        seen = "composites" if view == COMPOSITE else f"noise {noise(view)}"
        columns.append(Column(f"{NETWORKS[network]}, {seen}", digits, times))
    sizes = found.layered.measures.drop_duplicates("layer").set_index("layer")["resolution"]
    rows: list[list[Cell]] = [
        [f"`{layer}`", int(sizes[layer]), *(summary[f"{NAME}.{net}.{view}.{layer}.{measure}"] for net, view in views)]
        for layer in found.layers
    ]
    return Table(columns, rows)


NETWORKS = {DENOISER: "denoiser", SEGMENTER: "segmentation", FRESH: "fresh weights"}


def _likenesses(found: Found, summary: Summary) -> Table:
    """How alike the denoiser's layers at the lowest noise level are to others, and what fresh weights have."""
    low = found.views[0]
    others = {
        SEED: "another training seed",
        SEGMENTER: "segmentation network",
        FLOOR: "fresh weights to the segmentation network",
        FRESH: "fresh weights",
        **{view: f"itself at noise {noise(view)}" for view in found.views[1:]},
    }
    there = {other: said for other, said in others.items() if f"{NAME}.likeness.{low}.{other}.mean" in summary}
    rows: list[list[Cell]] = [
        [f"`{layer}`" if layer != "mean" else "mean", *(summary[f"{NAME}.likeness.{low}.{o}.{layer}"] for o in there)]
        for layer in (*found.layers, "mean")
    ]
    return Table([words("layer"), *(Column(heading) for heading in there.values())], rows)


def _times(found: Found, summary: Summary) -> Table | None:
    """How alike the denoiser is to itself at other noise levels, mean over layers; None for a single level."""
    rows: list[list[Cell]] = []
    for view in found.views[:-1]:
        cells = [summary.get(f"{NAME}.likeness.{view}.{later}.mean") for later in found.views[1:]]
        rows.append([f"noise {noise(view)}", *cells])
    columns = [words("likeness of"), *(Column(f"noise {noise(view)}") for view in found.views[1:])]
    return Table(columns, rows) if rows else None
