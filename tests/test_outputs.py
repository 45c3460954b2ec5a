"""What a stage leaves in a folder is read back as it was, and what is missing says which stage makes it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import compared, intervened, mapped, salient
from pipeline.anatomy.compared import Compared
from pipeline.anatomy.intervened import Intervened
from pipeline.anatomy.mapped import Mapped
from pipeline.anatomy.policy import plain
from pipeline.anatomy.salient import Salient
from pipeline.data import prepared
from pipeline.data.images import ImageSet
from pipeline.data.prepared import Prepared
from pipeline.diffusion import sampled, trained
from pipeline.diffusion.sampled import Sampled
from pipeline.diffusion.trained import Trained
from pipeline.errors import UserError
from pipeline.judges import evaluated, quality
from pipeline.judges.evaluated import Evaluated
from pipeline.judges.number import counted, share
from pipeline.judges.quality import Quality
from pipeline.tables import write_arrays, writing_arrays
from pipeline.text import prompted
from pipeline.text.prompted import Prompted

TABLE = pd.DataFrame({"id": [3, 4], "recognised_as": [0, 1]})
PIXELS = np.arange(8, dtype=np.uint8).reshape(2, 2, 2, 1)
IMAGES = ImageSet(PIXELS, np.array([0, 1]), np.array([7, 8]))
NUMBER = share(np.array([True, False]))


def of_prepare(folder: Path) -> Prepared:
    made = Prepared(
        folder, "made-up", 2, 1, ["a", "b"], {"train": 2}, {"train": IMAGES.sha256()}, "nowhere", {}, None, TABLE
    )
    made.save({"train": IMAGES}, {"train": PIXELS[..., 0] > 3}, {"train": TABLE})
    return made


def of_judges(folder: Path) -> Quality:
    made = Quality("classifier", "fd_classifier", "kd_classifier", False, 0.95, NUMBER)
    made.save(folder)
    return made


def of_train(folder: Path) -> Trained:
    made = Trained(folder, 3, TABLE, TABLE, TABLE, {"architecture": {}}, {"device": "cpu", "peak_bytes": None})
    made.save()
    return made


def of_sample(folder: Path) -> Sampled:
    made = Sampled(IMAGES, {1000: IMAGES, 200: IMAGES[np.array([0])]}, {"seconds": 0.5})
    made.save(folder, 3)
    return made


def of_evaluate(folder: Path) -> Evaluated:
    replicates = pd.DataFrame({"fid": [0.25, 0.5], "accuracy": [1.0, 0.0]})
    brief = {"fid": counted(0.3, 2), "accuracy": NUMBER}
    marks = {"end": replicates, "100": replicates + 1}
    made = Evaluated(brief, replicates, TABLE, {"0": brief}, dict.fromkeys(marks, brief), marks)
    made.save(folder, np.ones((2, 3)))
    return made


def of_intervene(folder: Path) -> Intervened:
    findings = {"phases.denoising_begins": counted(3, 5), "limits.2.zeros.longest_cut": {**NUMBER, "nb": 2}}
    images = {"untouched": PIXELS, "jump-0006-n02": PIXELS}
    parts = pd.DataFrame({"kind": ["skip", "block", "block"]})
    made = Intervened(parts, TABLE, TABLE, findings, images, np.array([7, 8]))
    made.save(folder)
    return made


def of_shortcut(folder: Path) -> Compared:
    methods = pd.DataFrame({"method": ["untouched", "found, distance", "DDIM, 3 steps"], "family": ["u", "found", "D"]})
    plans = {"untouched": [], "found, distance": [{"remove": "rest", "start": 2}]}
    policies = {"distance": plain([900, 100], "ddim", True)}
    pictures = dict.fromkeys(plans, PIXELS)
    effects = {"cache_beats_zeros": NUMBER}
    made = Compared(methods, TABLE, effects, NUMBER, TABLE, TABLE, plans, policies, pictures, 6, 4)
    made.save(folder)
    return made


def of_feature_maps(folder: Path) -> Mapped:
    made = Mapped(TABLE, TABLE, {"change.fine": NUMBER}, {"x0": PIXELS, "skip_01": PIXELS})
    folder.mkdir(parents=True, exist_ok=True)
    made.write(folder)
    return made


def of_saliency(folder: Path) -> Salient:
    made = Salient(TABLE, TABLE, TABLE, TABLE, {"mean.agreement": NUMBER}, {"rise": PIXELS}, {"x0": PIXELS})
    made.save(folder)
    return made


def of_text(folder: Path) -> Prompted:
    costs = {"images": 24, "clip_from": None, "seconds": 0.5}
    pictures = {"grid": PIXELS, "columns": np.array([4, 1])}
    made = Prompted({"seen.all": NUMBER}, TABLE, TABLE, TABLE, costs, TABLE, pictures, [["3", "upright"]])
    made.save(folder)
    return made


STAGES: dict[str, tuple[Callable, Callable, str]] = {
    "prepare": (of_prepare, prepared.load, "provenance.json"),
    "judges": (of_judges, quality.load, "quality.json"),
    "train": (of_train, partial(trained.load, replica=3), "log/3/validation.csv"),
    "sample": (of_sample, partial(sampled.load, replica=3), "log/3/timing.json"),
    "evaluate": (of_evaluate, evaluated.load, "snapshots.csv"),
    "intervene": (of_intervene, intervened.load, "pictures.npz"),
    "shortcut": (of_shortcut, compared.load, "loop.json"),
    "feature_maps": (of_feature_maps, mapped.load, "pictures.npz"),
    "saliency": (of_saliency, salient.load, "maps.npz"),
    "text": (of_text, prompted.load, "pictures.npz"),
}


def same(one: object, other: object) -> bool:
    """Whether two values are equal, tables and arrays within them included."""
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return all(same(value, vars(other)[name]) for name, value in vars(one).items()) if _made(one) else one == other


def _made(value: object) -> bool:
    return hasattr(value, "__dataclass_fields__")


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_saved_is_loaded(tmp_path: Path, stage: str) -> None:
    save, load, _ = STAGES[stage]
    assert same(save(tmp_path / stage), load(tmp_path / stage))


@pytest.mark.parametrize("stage", STAGES)
def test_a_missing_or_broken_file_says_which_stage_makes_it(tmp_path: Path, stage: str) -> None:
    save, load, file = STAGES[stage]
    save(tmp_path)
    (tmp_path / file).write_bytes(b"")
    with pytest.raises(UserError, match=rf"{file} is not whole .*the stage `{stage}`"):
        load(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(UserError, match=rf"{file} is not there; the stage `{stage}`, which `uv run dvc repro` runs"):
        load(tmp_path)


def test_attention_that_was_not_followed_leaves_no_file(tmp_path: Path) -> None:
    made = replace(of_text(tmp_path), attended=pd.DataFrame())
    made.save(tmp_path)
    assert not (tmp_path / "attended.csv").exists()
    assert same(prompted.load(tmp_path), made)


def test_the_description_of_a_data_set_needs_no_other_file(tmp_path: Path) -> None:
    of_prepare(tmp_path)
    for other in ("provenance.json", "classes.csv"):
        (tmp_path / other).unlink()
    found = prepared.dataset(tmp_path)
    assert (found.classes, found.count) == (["a", "b"], {"train": 2})
    assert same(found.split("train"), IMAGES)
    assert found.masks("train").sum() == 4
    assert found.captions("train").equals(TABLE)


def test_snapshots_come_in_the_order_of_training(tmp_path: Path) -> None:
    of_sample(tmp_path)
    assert list(sampled.load(tmp_path, 3).snapshots) == [200, 1000]
    assert evaluated.in_order({"end": {}, "1000": {}, "200": {}}) == ["200", "1000", "end"]


def test_features_are_kept_in_single_precision(tmp_path: Path) -> None:
    of_evaluate(tmp_path)
    found = evaluated.features(tmp_path)
    assert (found.shape, found.dtype) == ((2, 3), np.float32)


def test_a_limit_says_of_how_many_blocks_it_is(tmp_path: Path) -> None:
    made = of_intervene(tmp_path)
    assert [limit["nb"] for limit in made.limits] == [2]
    assert made.blocks == 2


def test_methods_of_a_family_that_are_interventions_have_plans(tmp_path: Path) -> None:
    made = of_shortcut(tmp_path)
    assert (made.planned("found"), made.planned("D")) == (["found, distance"], [])
    assert replace(made, plans={}).planned("found") == []


def test_arrays_written_one_by_one_make_the_same_file_or_none(tmp_path: Path) -> None:
    arrays = {"skip_01": np.arange(6, dtype=np.float32).reshape(1, 2, 3), "labels": np.array([3, 4])}
    write_arrays(tmp_path / "at once.npz", arrays)
    with writing_arrays(tmp_path / "one by one.npz") as write:
        for name, array in arrays.items():
            write(name, array)
    assert (tmp_path / "one by one.npz").read_bytes() == (tmp_path / "at once.npz").read_bytes()

    def interrupted() -> None:
        with writing_arrays(tmp_path / "half.npz") as write:
            write("skip_01", arrays["skip_01"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["at once.npz", "one by one.npz"]
