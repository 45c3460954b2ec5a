"""What a user may do by mistake: for each case a command, what is spoilt before it, and words of the sentence expected.

A command's `{here}` is the folder of the case; a change is a function of that folder.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

Change = Callable[[Path], object]
Case = tuple[str, Change, str]  # command, what is spoilt, words of the sentence, separated by ` | `
MODEL = "outputs/train/baseline/model/0"
CHECK = "check.py --params params.yaml --out outputs/check"
SAMPLE = f"sample.py --params params.yaml --model {MODEL} --out scratch"
PREPARE = "prepare.py --params params.yaml --out scratch"
APPLY = "anatomy apply cut.yaml --subject baseline --count 2 --out scratch"
PIPELINE = "anatomy parts models/pipeline"


def nothing(here: Path) -> None:
    """Spoil nothing: the command itself is the mistake."""


def params(text: str | bytes) -> Change:
    """Put another text in the place of params.yaml."""
    return write("params.yaml", text)


def value(key: str, changed: Any) -> Change:
    """Give a dotted key of params.yaml another value."""

    def change(here: Path) -> None:
        values = yaml.safe_load((here / "params.yaml").read_text())
        at = values
        *sections, last = key.split(".")
        for section in sections:
            at = at.setdefault(section, {})
        at[last] = changed
        (here / "params.yaml").write_text(yaml.safe_dump(values))

    return change


def write(name: str, content: str | bytes | object) -> Change:
    """Write a file: bytes or a text as they are, and anything else as JSON."""

    def change(here: Path) -> None:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(shown if isinstance(shown, bytes) else shown.encode())

    return change


def folder_at(name: str) -> Change:
    """Put a folder where a file is expected."""

    def change(here: Path) -> None:
        (here / name).unlink(missing_ok=True)
        (here / name).mkdir(parents=True)

    return change


def pipe_at(name: str) -> Change:
    """Put a named pipe where a file is expected, from which nothing would ever come."""

    def change(here: Path) -> None:
        (here / name).unlink(missing_ok=True)
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(here / name)

    return change


def gone(name: str) -> Change:
    """Take a file or folder away."""

    def change(here: Path) -> None:
        shutil.rmtree(here / name) if (here / name).is_dir() else (here / name).unlink()

    return change


def half(name: str) -> Change:
    """Cut a file in two."""
    return lambda here: (here / name).write_bytes((here / name).read_bytes()[: (here / name).stat().st_size // 2])


def settings(name: str, **changed: object) -> Change:
    """Change keys of a JSON file."""
    return lambda here: (here / name).write_text(json.dumps(json.loads((here / name).read_text()) | changed))


def images(*changes: Change) -> Change:
    """Make a folder of six cats and six dogs, name it in params.yaml, and spoil it."""

    def change(here: Path) -> None:
        for name in ("cat", "dog"):
            (here / "pets" / name).mkdir(parents=True)
            for number in range(6):
                Image.new("L", (8, 8), number * 40).save(here / "pets" / name / f"{number}.png")
        value("data.name", "pets")(here)
        value("data.caption", "a {class}")(here)
        for each in changes:
            each(here)

    return change


def picture(name: str, mode: str = "L", size: tuple[int, int] = (8, 8)) -> Change:
    """Save an image of a mode and a size."""
    return lambda here: Image.new(mode, size).save(here / name)


def link(name: str, to: str) -> Change:
    """Make a link to a place as seen from the link."""
    return lambda here: (here / name).symlink_to(to)


def copy(name: str, to: str) -> Change:
    """Copy a folder."""
    return lambda here: shutil.copytree(here / name, here / to)


def moved(*pairs: tuple[str, str]) -> Change:
    """Move folders."""

    def change(here: Path) -> None:
        for name, to in pairs:
            (here / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(here / name, here / to)

    return change


def weights_of(number: float) -> Change:
    """Put one number into a weight of the model."""

    def change(here: Path) -> None:
        from safetensors.torch import load_file, save_file

        path = here / MODEL / "diffusion_pytorch_model.safetensors"
        tensors = load_file(path)
        first = next(iter(tensors))
        tensors[first].view(-1)[0] = number
        save_file(tensors, path)

    return change


PARAMETERS: dict[str, Case] = {
    "no file": (CHECK, gone("params.yaml"), "params.yaml is not there"),
    "not UTF-8": (CHECK, params(b"data: \xff\xfe"), "params.yaml is not whole | utf-8"),
    "a folder": (CHECK, folder_at("params.yaml"), "params.yaml is not whole | a folder"),
    "a named pipe": (CHECK, pipe_at("params.yaml"), "params.yaml is not whole | device"),
    "empty": (CHECK, params(""), "params.yaml: the file is None"),
    "a list": (CHECK, params("- data\n- unet\n"), "params.yaml: the file is ['data', 'unet']"),
    "a word": (CHECK, params("digits"), "params.yaml: the file is 'digits'"),
    "a tab": (CHECK, params("data:\n\tname: digits\n"), "params.yaml is not YAML"),
    "an open bracket": (CHECK, params("data: {name: digits"), "params.yaml is not YAML"),
    "deeply nested": (CHECK, params("[" * 20000), "params.yaml is nested too deeply"),
    "a date that is none": (CHECK, params("data: 2026-13-45"), "params.yaml is not YAML | month"),
    "a number of 5,000 digits": (CHECK, params("data: " + "9" * 5000), "params.yaml is not YAML | digits"),
    "a Python object": (CHECK, params("data: !!python/object:os.system {}"), "params.yaml is not YAML"),
    "two documents": (CHECK, params("a: 1\n---\nb: 2\n"), "params.yaml is not YAML"),
    "a key twice": (CHECK, params("data: {}\ndata: {}\n"), "data is there twice, in lines 1 and 2"),
    "a number as a section": (CHECK, value("train", 3), "train is 3"),
    "a list as a section": (CHECK, value("sampler", [1]), "sampler is [1]"),
    "a key that is a number": (CHECK, lambda h: params((h / "params.yaml").read_text() + "\n7: 8\n")(h), "7"),
    "null for a number": (CHECK, value("train.lr", None), "train.lr is None"),
    "an infinite number": (CHECK, value("train.lr", float("inf")), "train.lr is inf"),
    "no number": (CHECK, value("train.max_loss", float("nan")), "train.max_loss is nan"),
    "a misspelt subject's key": (CHECK, value("subjects.baseline.promts", []), "subjects.baseline.promts | prompts"),
    "a subject that is a word": (CHECK, value("subjects.baseline", "wide"), "subjects.baseline is 'wide'"),
    "a subject's name with a slash": (CHECK, value("subjects", {"a/b": {}}), "subjects.a/b"),
    "a variant that is a list": (CHECK, value("variants.odd", [1]), "variants.odd is [1]"),
    "a variant of null": (CHECK, value("variants.odd", None), "variants.odd is None"),
    "a data folder with a null": (CHECK, value("data.name", "a\0b"), "data.name is"),
    "a data folder of 5,000 letters": (CHECK, value("data.name", "a" * 5000), "data.name is 'aaa"),
    "a model of 5,000 letters": (CHECK, value("subjects.baseline.model", "a" * 5000), "subjects.baseline.model is"),
    "weights of 5,000 letters": (CHECK, value("judges.inception_weights", "a" * 5000), "which is not a file"),
    "20,000 bad items": (CHECK, value("train.snapshots", ["x"] * 20000), "train.snapshots.0 is 'x' | and 19980 more"),
    "20,000 replicas twice": (CHECK, value("replicas", [0] * 20000), "with a seed twice"),
    "a duration beyond the loop": (CHECK, value("intervene.durations", [99]), "intervene.durations is 99 | 5 steps"),
    "a jump beyond the loop": (CHECK, value("intervene.jumps", [1, 2, 99]), "intervene.jumps is 99 | 5 steps"),
    "a rest beyond the loop": (CHECK, value("intervene.relaxations", [99]), "intervene.relaxations is 99 | 5 steps"),
    "a cut beyond the loop": (CHECK, value("shortcut.cuts", [99]), "shortcut.cuts is 99 | 5 steps"),
    "an interval beyond the loop": (CHECK, value("shortcut.intervals", [99]), "shortcut.intervals is 99 | 5 steps"),
    "more steps for fewer": (CHECK, value("shortcut.fewer", [5000]), "shortcut.fewer is 5000 | 5 steps"),
    "more starts than steps": (CHECK, value("intervene.starts", 6), "intervene.starts is 6 | 5 steps"),
    "a block twice": (CHECK, value("shortcut.blocks", [1, 1]), "shortcut.blocks has 1 twice"),
    "a time beyond T": (CHECK, value("feature_maps.times", [1.5]), "feature_maps.times.0 is 1.5"),
    "a channel of no layer": (CHECK, value("feature_maps.channels", [8]), "feature_maps.channels | has 8 channels"),
    "cells of no pixel": (CHECK, value("saliency.cells", 9), "saliency.cells is 9 | 8 pixels"),
    "a layer of no map": (CHECK, value("saliency.layers", ["time"]), "saliency.layers has 'time' | skip_01 to skip_04"),
    "more shown than seeds": (CHECK, value("feature_maps.shown", 7), "feature_maps.shown is 7 | 6 seeds"),
    "images without end": (CHECK, value("train.images", 10**30), "train.images"),
    "updates beyond memory": (CHECK, value("train.images", 10**12), "train.images needs at least | GiB"),
    "blocks beyond reason": (CHECK, value("unet.res_blocks", 10**9), "unet.res_blocks"),
    "channels beyond memory": (CHECK, value("unet.channels", [10**9, 10**9]), "variant baseline needs | weights"),
    "levels without end": (CHECK, value("unet.channels", [8] * 500), "unet.channels"),
    "a batch beyond memory": (CHECK, value("intervene.batch_size", 10**9), "intervene.batch_size needs at least"),
    "images beyond memory": (CHECK, value("sample.count", 10**12), "sample.count needs at least"),
    "draws beyond memory": (CHECK, value("bootstrap.resamples", 10**9), "bootstrap.resamples needs at least"),
    "a time-out without end": (CHECK, value("flow.timeout_minutes", 1e300), "flow.timeout_minutes"),
    "guidance of no number": (CHECK, value("subjects.baseline.guidance", float("nan")), "guidance is nan"),
    "a report among figures": (CHECK, value("report.folder", "reports/figures"), "report.folder is reports/figures"),
    "a report in a page": (CHECK, value("report.folder", "reports/report.md"), "report.folder is reports/report.md"),
    "a report elsewhere": (CHECK, value("report.folder", "/tmp/x"), "report.folder is '/tmp/x'"),
    "a report of a long name": (CHECK, value("report.folder", "reports/" + "a" * 300), "report.folder"),
    "a variant of a long name": (CHECK, value("variants", {"baseline": {}, "a" * 300: {}}), "at most 60 characters"),
    "a place that is a file": (CHECK.replace("outputs/check", "params.yaml"), nothing, "params.yaml is a file"),
    "a profile that is YAML of none": ("anatomy profile mine", write("profiles/mine.yaml", "a: ["), "is not YAML"),
    "an empty profile": ("anatomy profile mine", write("profiles/mine.yaml", ""), "mine.yaml holds no sections"),
    "a profile of a list": ("anatomy profile mine", write("profiles/mine.yaml", "- 1"), "mine.yaml holds no sections"),
    "a profile not UTF-8": ("anatomy profile mine", write("profiles/mine.yaml", b"\xff"), "mine.yaml is not whole"),
    "a profile deeply nested": ("anatomy profile mine", write("profiles/mine.yaml", "{a: " * 9000), "too deeply"),
    "a profile's key twice": ("anatomy profile mine", write("profiles/mine.yaml", "a: 1\na: 2"), "a is there twice"),
    "a profile of a number": ("anatomy profile mine", write("profiles/mine.yaml", "train: 3"), "gives 3 for train"),
    "a profile on none": ("anatomy profile mine", write("profiles/mine.yaml", "based_on: no"), "no profile"),
    "a profile that is not there": ("anatomy profile nope", nothing, "no profile 'nope'"),
    "a profile that is a folder": ("anatomy profile mine", folder_at("profiles/mine.yaml"), "mine.yaml is not whole"),
}
