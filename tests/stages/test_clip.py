"""The stages clip, scores and selection on made-up images: from the judge to what it selects, and what they refuse."""

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.data.images import ImageSet
from pipeline.data.prepared import Prepared
from pipeline.judges import scored, seeing, selected
from pipeline.orchestration import profiles
from tests import programs
from tests.programs import Done

ROOT = Path(__file__).parents[2]
CLASSES = ["a", "b"]


def squares(count: int, seed: int) -> ImageSet:
    """Bright squares, of class a above and of class b below."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 30, (count, 8, 8, 1), dtype=np.uint8), np.arange(count) % 2
    for image, label in zip(images, labels, strict=True):
        image[1 + 4 * label : 4 + 4 * label, 2:6] = rng.integers(180, 256, (3, 4, 1))
    return ImageSet(images, labels, np.arange(count))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images that `prepare` and `sample` could have left, and judges with fresh weights."""
    import torch

    from pipeline.judges import classifier, reference
    from pipeline.judges.features import classifier_judge, extract

    folder = tmp_path_factory.mktemp("place")
    splits = {name: squares(count, i) for i, (name, count) in enumerate({"train": 60, "test": 40}.items())}
    sha256 = {name: images.sha256() for name, images in splits.items()}
    table = pd.DataFrame({"class": [0, 1], "n": 30, "stroke_length": [4.0, 4.0], "variance": [0.1, 0.1]})
    counts = {name: len(images) for name, images in splits.items()}
    made = Prepared(folder / "prepare", "squares", 8, 1, CLASSES, counts, sha256, "nowhere", {"test": 0}, None, table)
    captions = {
        name: pd.DataFrame(
            {"id": each.ids, "label": each.labels, "caption": [f"the {CLASSES[c]}" for c in each.labels]}
        )
        for name, each in splits.items()
    }
    made.save(splits, {name: each.images[..., 0] > 99 for name, each in splits.items()}, captions)
    for variant in ("baseline", "res_blocks_0"):
        squares(40, 5).save(folder / f"sample/{variant}/images/0")
        squares(20, 6).save(folder / f"sample/{variant}/snapshots/0/256")

    torch.manual_seed(0)
    fresh = classifier.Classifier(8, 1, [8, 16], 16, 2).eval()
    classifier.save(fresh, folder / "judges/classifier")
    judge = classifier_judge(fresh)
    features = extract(judge, splits["train"].images, torch.device("cpu"))
    chosen = reference.choose(features, splits["train"].labels, 60)
    reference.save(folder / "judges/reference", sha256["train"], judge, chosen)
    return folder


@pytest.fixture
def stage(place: Path) -> Callable[..., Done]:
    """stage(name, arguments, **sections): run a stage in the place, with these sections over the tiny profile."""

    def run(name: str, arguments: str, **sections: object) -> Done:
        values = yaml.safe_load(profiles.apply((ROOT / "params.yaml").read_text(), "tiny", ROOT / "profiles"))
        profiles.lay(values, sections)
        (place / "params.yaml").write_text(yaml.safe_dump(values))
        script = str(ROOT / f"stages/{name}.py")
        given = f"--params params.yaml --data prepare {arguments}".split()
        return programs.run(lambda: runpy.run_path(script, run_name="__main__"), *given, folder=place)

    return run


SCORES = "--clip clip --sampled sample --out scores"
SELECTION = "--judges judges --clip clip --sampled sample/baseline --out selection"


def test_from_the_judge_to_what_it_selects(stage, place: Path) -> None:
    for name, arguments in (("clip", "--out clip"), ("scores", SCORES), ("selection", SELECTION)):
        done = stage(name, arguments)
        assert done.returncode == 0, done.stderr
    judged = seeing.load(place / "clip")
    assert set(judged.reliability) == {"zero_shot", "calibration", "clear_blurry"}
    assert judged.reliability["zero_shot"]["n"] == 40
    assert sorted(path.name for path in (place / "scores").iterdir()) == ["baseline", "floor", "res_blocks_0"]
    of = scored.load(place / "scores/baseline/0")
    assert of.images["mark"].value_counts().to_dict() == {"end": 40, "256": 20}
    np.testing.assert_allclose(of.images[["good", "clear", "blurry"]].sum(axis=1), 1, rtol=1e-4)
    pd.testing.assert_frame_equal(of.images, scored.load(place / "scores/res_blocks_0/0").images)
    kept = selected.load(place / "selection/0")
    assert len(kept.images) == 2 * 4
    for by in ("quality", "clip_score"):
        ranked = kept.images.sort_values(["label", by], ascending=[True, False]).groupby("label").head(2)
        assert set(ranked["id"]) == set(kept.images.loc[kept.images[f"by_{by}"] > 0, "id"])
        assert kept.numbers[by][by]["gap"]["value"] >= 0, "what is selected by a score has a high one"

    taken = stage("clip", "--out taken", clip={"model": "clip/model"})
    assert taken.returncode == 0, taken.stderr
    assert seeing.load(place / "taken").reliability == judged.reliability, "one code path, wherever it is from"
    few = stage("selection", SELECTION, selection={"candidates": 30}, sample={"count": 400})
    assert few.returncode == 1
    assert "selection.candidates is 30, but sample/baseline has 20 images of class a" in few.stderr


def test_a_model_that_cannot_be_had_is_a_sentence(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import errors

    def refuse(*_: object, **__: object) -> None:
        raise errors.LocalEntryNotFoundError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    where = f"openai/clip-vit-base-patch32@{'0' * 40}"
    done = stage("clip", "--out none", clip={"model": where})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"error: {where} could not be fetched (no network)."
