"""Embedding: what the timestep embedding holds, and what a denoiser makes of a wrong or missing noise level."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.anatomy import embedded
from pipeline.anatomy.embedded import FRESH, PIXELS, TRAINED, Embedded
from pipeline.judges.number import Kind, Number, in_percent, over_replicas, shifted
from pipeline.params import BASELINE
from pipeline.reporting.chapters.embedding import figures
from pipeline.reporting.chapters.embedding.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.embedding.claims import COSTS, SEEN
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary, below
from pipeline.reporting.table import Cell, Column, Table, text, words

NAME, TITLE = "embedding", "What the timestep embedding is for"
PARTS = {"eighth": 8, "quarter": 4, "half": 2}  # distances between levels, as one over the share of T


@dataclass(frozen=True)
class Found:
    """What the stages left, and what `embedding` left of each variant, a training seed after the other."""

    study: Study
    variants: dict[str, list[Embedded]]

    def layers(self, variant: str) -> list[str]:
        """The noisy image and the layers' names, in the order in which they are computed."""
        return list(dict.fromkeys(self.variants[variant][0].read["layer"]))


def read(study: Study) -> Found | None:
    """What `embedding` left of the variants; None where it left nothing."""
    replicas = study.params.replicas
    folders = {v: [study.outputs / NAME / v / str(r) for r in replicas] for v in study.params.embedding.variants}
    found = {v: list(map(embedded.load, of)) for v, of in folders.items() if all(map(embedded.there, of))}
    return Found(study, found) if found else None


def numbers(found: Found) -> Summary:
    """How alike timesteps are, what a wrong level costs, what is read off each layer, and the effects that decide
    claims; all over the training seeds."""
    out: Summary = {}
    for variant, of in found.variants.items():
        named = {**_similarities(of), **_rises(of), **_readings(found, variant)}
        out |= {f"{NAME}.{variant}.{name}": number for name, number in named.items()}
    if len(found.study.params.replicas) > 1 and BASELINE in found.variants:
        out |= {f"{NAME}.effects.{name}": effect for name, effect in _effects(out)}
    return out


def _over(values: list[float], n: int, kind: Kind | None = None) -> Number:
    """A number over training seeds, from a value of each."""
    each: list[Number] = [{"value": float(value), "n": n} for value in values]
    return over_replicas([{**number, "kind": kind} for number in each] if kind else each)


def _similarities(of: list[Embedded]) -> Summary:
    """The mean similarity of timesteps that are a part of T apart."""
    rows = len(of[0].timesteps)
    return {
        f"similarity.{part}": _over(
            [float(np.diagonal(each.similarity, round((rows - 1) / share)).mean()) for each in of], rows, "correlation"
        )
        for part, share in PARTS.items()
    }


def _rises(of: list[Embedded]) -> Summary:
    """By how many percent the loss rises where a wrong level is told, as a geometric mean over true levels: by how far
    it is off, and in which direction; also with the best reading of the output, and how far the best told level is from
    the true one."""
    out: Summary = {}
    n, count = int(of[0].told["n"].iloc[0]), len(figures.ratios(of[0], "loss"))
    for measure, name in (("loss", "rise"), ("reread", "reread_rise")):
        logs = np.log([figures.ratios(each, measure) for each in of])  # [R, true, told]
        for off in [each for each in range(1 - count, count) if each]:
            each = np.diagonal(logs, off, axis1=1, axis2=2).mean(axis=1)
            out[f"off.{off:+d}.{name}"] = in_percent(_over(list(each), n))
        for part, share in PARTS.items():
            off = count // share
            both = [np.diagonal(logs, each, axis1=1, axis2=2) for each in (off, -off)]
            out[f"{part}.{name}"] = in_percent(_over(list(np.concatenate(both, axis=1).mean(axis=1)), n))
    best = [float(abs(figures.best(figures.ratios(each, "loss")) - np.arange(count)).mean()) for each in of]
    return {**out, "best_off": _over(best, n, "size")}


def _readings(found: Found, variant: str) -> Summary:
    """How well the level is read off each layer of the trained network and of fresh weights."""
    out: Summary = {}
    of = found.variants[variant]
    n = int(of[0].read["n"].iloc[0])
    for network in (TRAINED, FRESH):
        each = [one.read[one.read["network"] == network].set_index("layer")["r2"] for one in of]
        for layer in found.layers(variant):
            values = [float(r2[layer]) for r2 in each]
            if layer == PIXELS:  # the noisy images are the same for all training seeds
                values = values[:1]
            out[f"read.{network}.{layer}"] = _over(values, n, "explained")
    out["read.encoder"] = _over([_best(one) for one in of], n, "explained")
    return out


def _best(one: Embedded) -> float:
    """How well the level is read off the layer of the trained encoder that shows it best to the images that the probe
    learnt from."""
    rows = one.read[(one.read["network"] == TRAINED) & one.read["layer"].str.startswith("skip")]
    return float(rows["r2"].to_numpy()[rows["r2_learnt"].to_numpy().argmax()])


def _effects(summary: Summary) -> Iterator[tuple[str, Number]]:
    """What decides the claims, from the baseline's numbers."""
    mine = below(summary, NAME, BASELINE)
    yield "level_is_seen", shifted(mine["read.encoder"], -SEEN)
    yield "wrong_level_costs", shifted(mine["quarter.rise"], -COSTS)


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """How alike timesteps are, what a wrong level costs, and where the level is read."""
    layers = {variant: found.layers(variant) for variant in found.variants}
    drawn = figures.draw(folder, found.variants, summary, layers, found.study.variants)
    return {file.removesuffix(".png"): Picture(f"{NAME}/{file}", caption) for file, caption in drawn}


def finding(found: Found, summary: Summary) -> Finding:
    """What a wrong level costs the first variant, and what its layers show of the level by themselves."""
    variant = next(iter(found.variants))
    mine = below(summary, NAME, variant)
    cost, left, seen = (mine[name] for name in ("quarter.rise", "quarter.reread_rise", "read.encoder"))
    return Finding(
        f"Where `{variant}` is told a noise level that is a quarter of T off, its loss rises by {text(cost, 0)} %, "
        f"and by {text(left, 0)} % with the best reading of its output (n = {cost['n']} held-out images, "
        f"{_seeds(found)}). Told nothing of the level, a layer of its encoder still shows it: R2 {text(seen)} "
        f"(n = {seen['n']}).",
        "told",
        3,
    )


def _seeds(found: Found) -> str:
    count = len(found.study.params.replicas)
    return f"{count} training seed{'s' if count > 1 else ''}"


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    first = next(iter(found.variants))
    mine = below(summary, NAME, first)
    return fill(
        Path(__file__).with_suffix(".md"),
        seeds=_seeds(found),
        levels=found.study.params.embedding.levels,
        n_told=mine["quarter.rise"]["n"],
        n_read=mine["read.encoder"]["n"],
        prediction=found.study.params.diffusion.prediction,
        told=_told(found, summary),
        read=_read(found, summary),
        layers=[{"variant": v, "table": _by_layer(found, summary, v)} for v in found.variants],
        pictures=pictures,
    )


def _told(found: Found, summary: Summary) -> Table:
    """A row per variant and distance: how alike the timesteps are, and what the wrong one costs."""
    columns = [
        *(words("variant"), words("off by")),
        *(Column("similarity"), Column("rise of the loss, %", 1, sign=True)),
        Column("with the best reading, %", 1, sign=True),
    ]
    rows: list[list[Cell]] = []
    for variant in found.variants:
        mine = below(summary, NAME, variant)
        for part, share in PARTS.items():
            cells = [mine[name] for name in (f"similarity.{part}", f"{part}.rise", f"{part}.reread_rise")]
            rows.append([f"`{variant}`", f"T / {share}", *cells])
    return Table(columns, rows)


def _read(found: Found, summary: Summary) -> Table:
    """A row per variant: where the level is read, and how far the best told level is from the true one."""
    columns = [words("variant"), Column("noisy image"), Column("encoder, best layer"), Column("middle")]
    columns += [Column("middle, fresh weights"), Column("best told level off by, levels")]
    rows: list[list[Cell]] = []
    for variant in found.variants:
        mine = below(summary, NAME, variant)
        middle = next((each for each in found.layers(variant) if each.startswith("middle")), None)
        shown = [f"read.{TRAINED}.{PIXELS}", "read.encoder", f"read.{TRAINED}.{middle}", f"read.{FRESH}.{middle}"]
        rows.append([f"`{variant}`", *(mine.get(name) for name in [*shown, "best_off"])])
    return Table(columns, rows)


def _by_layer(found: Found, summary: Summary, variant: str) -> Table:
    """A variant's layers: how well the level is read off each."""
    rows: list[list[Cell]] = [
        [f"`{layer}`", *(summary[f"{NAME}.{variant}.read.{network}.{layer}"] for network in (TRAINED, FRESH))]
        for layer in found.layers(variant)
    ]
    return Table([words("layer"), Column("trained"), Column("fresh weights")], rows)
