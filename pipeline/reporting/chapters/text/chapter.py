"""Text: whether images show the words of their captions, where each word is attended to, and CLIP in the loss."""

from pathlib import Path

from pipeline.judges.number import Kind, Number, scaled
from pipeline.reporting.chapters.text import compared, figures
from pipeline.reporting.chapters.text.claims import CLAIMS as CLAIMS
from pipeline.reporting.chapters.text.found import COSTS, Found
from pipeline.reporting.page import Finding, Picture, Pictures, fill
from pipeline.reporting.study import Study
from pipeline.reporting.summary import Summary
from pipeline.reporting.table import Cell, Column, Table, listed, text, words
from pipeline.text import prompted
from pipeline.text.prompted import (
    ABSENT,
    ALL,
    CHANCE,
    CLASS,
    CLIP_LOSS,
    HELD_OUT,
    RANK,
    SCORE,
    SEEN,
    SLANT,
    STROKE,
    TEXT,
)

NAME, TITLE = prompted.STAGE, "What a network makes of a caption"
GAP = "gap"  # what names of numbers begin with that are held-out minus seen combinations


def read(study: Study) -> Found | None:
    """What `text` left; None where it left nothing."""
    folder, chosen = study.outputs / NAME, study.params.text
    if not prompted.there(folder):
        return None
    replicas = study.params.replicas[: chosen.replicas]
    networks = prompted.NETWORKS if chosen.clip_weight else (TEXT,)
    return Found(
        study, {of: [prompted.load(prompted.found(folder, of, replica)) for replica in replicas] for of in networks}
    )


def numbers(found: Found) -> Summary:
    """Every number and cost of every network, what CLIP in the loss changes of it, attention to each kind of word at
    every step, and the effects that decide claims."""
    out: Summary = {}
    for network, seeds in found.networks.items():
        of = f"{NAME}.{network}"
        for name in seeds[0].numbers:
            out[f"{of}.{name}"] = found.level(network, name)
            if network != TEXT:
                out[f"{of}.{name}_change"] = found.change((network, name), (TEXT, name))
        for kind in found.asked:
            if f"{HELD_OUT}.{kind}" in seeds[0].numbers:
                out[f"{of}.{GAP}.{kind}"] = found.change((network, f"{HELD_OUT}.{kind}"), (network, f"{SEEN}.{kind}"))
        for name in COSTS:
            out[f"{of}.{name}"] = found.cost(name).level(network)
            if network != TEXT:
                out[f"{of}.{name}_change"] = found.cost(name).change(network, TEXT)
    for row in found.first.attended.to_dict("records"):
        of = f"{NAME}.{TEXT}.attended.{row['k']}.{row['word']}"
        out |= {f"{of}.{name}": _of_row(row, name) for name in figures.ATTENDED}
    return out | {f"{NAME}.effects.{name}": effect for name, effect in _effects(found).items()}


def _of_row(row: dict, name: str) -> Number:
    """A number in a row of `Prompted.attended`."""
    kind: Kind = "share" if name == "share" else "size"
    return {"value": row[name], "n": row["n"], "ci95": [row[f"{name}_low"], row[f"{name}_high"]], "kind": kind}


def _effects(found: Found) -> Summary:
    """What decides the claims, over training seeds and paired by seed; shares in points."""

    def over_chance(shown: str, kind: str) -> Number:
        return scaled(found.change((TEXT, f"{shown}.{kind}"), (TEXT, f"{shown}_{CHANCE}.{kind}")), 100)

    out = {"text_names_class": over_chance(SEEN, CLASS)}
    for kind in (SLANT, STROKE):
        if kind in found.kinds:
            out[f"text_sets_{kind}"] = over_chance(SEEN, kind)
    if found.composed:
        out["text_composes"] = over_chance(HELD_OUT, ALL)
    if CLIP_LOSS in found.networks:
        frechet = found.study.frechet
        out["clip_loss_raises_fidelity"] = scaled(found.change((CLIP_LOSS, "accuracy"), (TEXT, "accuracy")), 100)
        out["clip_loss_pleases_clip"] = found.change((CLIP_LOSS, SCORE), (TEXT, SCORE))
        out["clip_loss_brings_nearer"] = found.change((TEXT, frechet), (CLIP_LOSS, frechet))
    return out


def draw(found: Found, summary: Summary, folder: Path) -> Pictures:
    """Images and obedience of every combination of words, the attention to each word, and what CLIP in the loss
    changes."""
    drawn = figures.draw(folder, found.networks[TEXT], found.asked, found.measures, summary)
    return {file.removesuffix(".png"): Picture(f"{NAME}/{file}", caption) for file, caption in drawn}


def finding(found: Found, summary: Summary) -> Finding:
    """How often captions are obeyed, those of held-out combinations too, and what came of CLIP in the loss."""
    of, kind = f"{NAME}.{TEXT}", found.whole
    seen, chance = summary[f"{of}.{SEEN}.{kind}"], summary[f"{of}.{SEEN}_{CHANCE}.{kind}"]
    word = "all words" if kind == ALL else "the class"
    said = [
        f"Told a caption, the network draws {word} that it asks for in {text(seen, 0, 100)} % of the images, where "
        f"{text(chance, 0, 100)} % would do so by chance (n = {seen['n']} images, {found.trainings})."
    ]
    if found.composed:
        held_out = summary[f"{of}.{HELD_OUT}.{kind}"]
        said.append(
            f"Of combinations of words that were held out of training, {text(held_out, 0, 100)} % are right "
            f"(n = {held_out['n']})."
        )
    if found.measures:
        said.append(compared.learned(found.measures, summary, len(found.networks[TEXT])))
    return Finding(" ".join(said), "grid", 8)


def page(found: Found, summary: Summary, pictures: Pictures) -> str:
    """The chapter as Markdown."""
    chosen, combinations = found.chosen, found.first.combinations
    clip = found.networks.get(CLIP_LOSS, [])
    return fill(
        Path(__file__).with_suffix(".md"),
        example=combinations["caption"].iloc[0],
        trainings=found.trainings,
        several=len(found.networks[TEXT]) > 1,
        steps=chosen.steps,
        guidance=f"{chosen.guidance:g}",
        trained=_trained(found, summary),
        weight=f"{chosen.clip_weight:g}",
        clip_from=f"{clip[0].costs['clip_from']:,}" if clip else "",
        kinds=listed(found.kinds),
        style=listed(found.kinds[1:]),
        styled=len(found.kinds) > 1,
        composed=found.composed,
        held_out=int(combinations["held_out"].sum()),
        absent=int((combinations["trained"] == 0).sum()),
        combinations=len(combinations),
        each=int(combinations["n"].iloc[0]),
        seen=summary[f"{NAME}.{TEXT}.{SEEN}.{found.whole}"]["n"],
        kept_back=summary[f"{NAME}.{TEXT}.{HELD_OUT}.{found.whole}"]["n"] if found.composed else 0,
        obeyed=_obeyed(found, summary),
        composes=_composes(found, summary) if found.composed else "",
        attended=_attended(found, summary),
        clip=compared.table(found.measures, summary) if clip else "",
        learned=compared.learned(found.measures, summary, len(clip)) if clip else "",
        natural=found.first.numbers["accuracy"]["n"],
        model=prompted.model(Path("outputs") / NAME, TEXT, found.study.params.replicas[0]).as_posix(),
        pictures=pictures,
    )


def _trained(found: Found, summary: Summary) -> Table:
    """What the training of each network took."""
    columns = {
        "images": Column("images seen", 0),
        "parameters": Column("parameters trained", 0),
        "text_parameters": Column("parameters of the frozen text tower", 0),
        "loss": Column("validation loss at the end", 4),
        "multiply_adds": Column("multiply-adds, 10^9", 0, 1e-9),
        "seconds": Column("training, s", 0),
    }
    rows: list[list[Cell]] = [
        [f"`{network}`", *(summary[f"{NAME}.{network}.{name}"] for name in columns)] for network in found.networks
    ]
    return Table([words("network"), *columns.values()], rows)


def _obeyed(found: Found, summary: Summary) -> Table:
    """How often each kind of word is right, and how far its words are drawn in their order."""
    columns = {
        SEEN: Column("seen combinations, %", 0, 100),
        f"{SEEN}_{CHANCE}": Column("by chance, %", 0, 100),
        f"{SEEN}_{RANK}": Column("rank correlation"),
        HELD_OUT: Column("held-out combinations, %", 0, 100),
        f"{HELD_OUT}_{CHANCE}": Column("by chance, %", 0, 100),
        f"{HELD_OUT}_{RANK}": Column("rank correlation"),
        GAP: Column("held out minus seen, points", 0, 100, sign=True),
        ABSENT: Column("combinations without a training image, %", 0, 100),
        f"{ABSENT}_{CHANCE}": Column("by chance, %", 0, 100),
    }
    of = f"{NAME}.{TEXT}"
    there = [name for name in columns if any(f"{of}.{name}.{kind}" in summary for kind in found.asked)]
    rows: list[list[Cell]] = [
        ["all words" if kind == ALL else kind, *(summary.get(f"{of}.{name}.{kind}") for name in there)]
        for kind in found.asked
    ]
    return Table([words("word"), *(columns[name] for name in there)], rows)


def _composes(found: Found, summary: Summary) -> str:
    """Whether captions of held-out combinations are obeyed, and as often as those that training showed."""
    if len(found.networks[TEXT]) == 1:
        return "One training seed cannot say whether such a network composes words."
    (above, _), gap = summary[f"{NAME}.effects.text_composes"]["ci95"], summary[f"{NAME}.{TEXT}.{GAP}.{ALL}"]
    low, high = gap["ci95"]
    composes = (
        "composes words whose combination was held out: it obeys such captions more often than chance would"
        if above > 0
        else "does not show that it composes words: it obeys held-out captions with no certain gain over chance"
    )
    beside = "less often than" if high < 0 else "more often than" if low > 0 else "with no certain difference from"
    said = f"The network {composes}, and {beside} those of combinations that training showed."
    absent = summary.get(f"{NAME}.{TEXT}.{ABSENT}.{ALL}")
    if absent is None:
        return said
    chance = summary[f"{NAME}.{TEXT}.{ABSENT}_{CHANCE}.{ALL}"]
    return (
        f"{said} Of combinations that the data set has no training image of, and which may be odd for their class, it "
        f"gets {text(absent, 0, 100)} % right, where {text(chance, 0, 100)} % would be by chance."
    )


def _attended(found: Found, summary: Summary) -> Table:
    """The attention to each kind of word at the first step and at the last."""
    steps = found.first.attended["k"]
    columns, names = [words("word")], list[str]()
    for said, k in (("first", steps.max()), ("last", steps.min())):
        columns += [Column(f"{said} step, share of attention, %", 1, 100), Column(f"{said} step, focus")]
        names += [f"{k}.{{}}.share", f"{k}.{{}}.focus"]
    rows: list[list[Cell]] = [
        [word, *(summary[f"{NAME}.{TEXT}.attended.{name.format(word)}"] for name in names)]
        for word in dict.fromkeys(found.first.attended["word"])
    ]
    return Table(columns, rows)
