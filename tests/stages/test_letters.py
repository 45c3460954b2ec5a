"""A folder of the user's own, to which nothing was tuned: coloured letters come out of `prepare` as they were drawn."""

import json
import runpy
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import ImageColor
from scipy.stats import spearmanr

from pipeline.data.captions import LEANINGS, UPRIGHT
from pipeline.orchestration import profiles
from tests import letters, programs

ROOT = Path(__file__).parents[2]
EACH = 40
SPLITS = "train", "validation", "test"


def prepare(place: Path, **sections: dict[str, object]) -> programs.Done:
    """Run the stage on the letters in a place, with these sections over the default."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    own = {"name": "mine", "image_size": 32, "caption": "the letter {class}, {slant}, in a {stroke} stroke"}
    enough = {"sample": {"count": 400}, "guidance": {"seeds": 52}}  # for so many classes
    profiles.lay(values, {"data": own, "unet": {"attention": [8]}, **enough, **sections})
    (place / "params.yaml").write_text(yaml.safe_dump(values))
    script = str(ROOT / "stages/prepare.py")
    given = ("--params", "params.yaml", "--out", "prepared")
    return programs.run(lambda: runpy.run_path(script, run_name="__main__"), *given, folder=place)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[letters.Letters, Path]:
    """The letters, and what `prepare` makes of them."""
    place = tmp_path_factory.mktemp("letters")
    made = letters.draw(place / "mine", EACH)
    done = prepare(place)
    assert done.returncode == 0, done.stderr
    return made, place / "prepared"


def table(prepared: Path) -> pd.DataFrame:
    """The captions of all splits, in the order in which the letters were drawn."""
    tables = [pd.read_csv(prepared / f"captions/{split}.csv") for split in SPLITS]
    return pd.concat(tables).sort_values("id", ignore_index=True)


def of_all(prepared: Path, name: str) -> np.ndarray:
    """An array of all splits, in the same order."""
    ids = np.concatenate([pd.read_csv(prepared / f"captions/{split}.csv")["id"] for split in SPLITS])
    return np.concatenate([np.load(prepared / name.format(split)) for split in SPLITS])[np.argsort(ids)]


def test_every_image_is_there_once_with_its_class_and_colour(drawn) -> None:
    made, prepared = drawn
    about = json.loads((prepared / "dataset.json").read_text())
    assert about["classes"] == list(ascii_uppercase)
    assert (about["image_size"], about["image_channels"]) == (32, 3)
    np.testing.assert_array_equal(table(prepared)["id"], np.arange(26 * EACH))
    np.testing.assert_array_equal(table(prepared)["label"], made.labels)
    images = of_all(prepared, "{}/images.npy")
    assert {tuple(pixel) for pixel in images[made.covered == 1]} == {
        ImageColor.getrgb(colour) for colour in letters.COLOURS
    }


def test_masks_are_the_letters(drawn) -> None:
    made, prepared = drawn
    masks = of_all(prepared, "masks/{}.npy")
    assert masks[made.covered > 0.8].mean() > 0.999, "what a letter covers"
    assert masks[made.covered < 0.2].mean() < 0.001, "what it leaves free"


def test_captions_say_class_slant_and_stroke_as_drawn(drawn) -> None:
    made, prepared = drawn
    found = table(prepared)
    parts = found["caption"].str.extract(r"^the letter ([A-Z]), ([a-z ]+), in a ([a-z]+) stroke$")
    assert parts[0].tolist() == [ascii_uppercase[label] for label in made.labels]
    mirrored = np.isin(made.labels, [ascii_uppercase.index(letter) for letter in letters.MIRRORED])
    clear = mirrored & (abs(abs(made.slants) - UPRIGHT) > 2.5)
    truth = LEANINGS[np.digitize(made.slants, [-UPRIGHT, UPRIGHT])]
    assert (parts[1][clear] == truth[clear]).mean() > 0.98
    assert abs(found["slant"][mirrored] - made.slants[mirrored]).mean() < 1
    for label in range(26):  # a letter that leans by itself leans as far more as it was slanted
        own = made.labels == label
        assert spearmanr(found["slant"][own], made.slants[own]).statistic > 0.9, ascii_uppercase[label]
    shares = {word: made.bold[parts[2] == word].mean() for word in ("thin", "medium", "bold")}
    assert shares["thin"] < 0.1, "hardly a bold font is thin"
    assert shares["bold"] > 0.9, "what is called bold is of a bold font"


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"sample": {"count": 200}},
            "selection.candidates is 15 of each of 26 classes, but sample.count is 200, which",
        ),
        ({"guidance": {"seeds": 50}}, "guidance.seeds is 50, but two images of each of the 26 classes are needed"),
    ],
)
def test_too_few_of_each_class_are_refused_once_the_classes_are_counted(sections, said: str, tmp_path: Path) -> None:
    letters.draw(tmp_path / "mine", 2)
    done = prepare(tmp_path, **sections)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "prepared").exists()
