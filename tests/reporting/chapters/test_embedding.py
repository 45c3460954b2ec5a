"""What the chapter says of the embedding is what was found, over training seeds."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.anatomy import embedded
from pipeline.anatomy.embedded import FRESH, PIXELS, TRAINED, Embedded
from pipeline.reporting.chapters.embedding import chapter, figures
from pipeline.reporting.chapters.embedding.chapter import Found
from pipeline.reporting.chapters.embedding.claims import CLAIMS
from pipeline.reporting.claims import decide

LAYERS = (PIXELS, "skip_01", "skip_02", "middle_01", "block_01", "block_02")
TIMES = [62 + 125 * i for i in range(8)]
PER_LEVEL = 0.08  # of the logarithm of the loss, for each level that the told one is off; the reread loss has half


def one(seed: int, told: bool = True) -> Embedded:
    """A training whose similarity falls evenly with the distance of timesteps, and whose loss rises with it."""
    rng = np.random.default_rng(seed)
    timesteps = np.linspace(0, 999, 9).round().astype(np.int64)
    apart = abs(np.arange(9)[:, None] - np.arange(9))
    similarity = 1 - 0.1 * apart * told + 0.001 * rng.normal() * (apart > 0) * told
    slope = (PER_LEVEL + 0.001 * rng.normal()) * told
    rows = [
        {
            "true": true,
            "told": other,
            "loss": (1 + i) * np.exp(slope * abs(i - j)),
            "reread": (0.5 + i) * np.exp(slope / 2 * abs(i - j)),
            "n": 30,
        }
        for i, true in enumerate(TIMES)
        for j, other in enumerate(TIMES)
    ]
    read = []
    for network, high in ((TRAINED, 0.95), (FRESH, 0.6)):
        for place, layer in enumerate(LAYERS):
            r2 = 0.8 if layer == PIXELS else high - 0.02 * place + 0.001 * rng.normal()
            learnt = r2 if layer != "skip_02" else 0.99  # so that skip_02 is the layer that is chosen
            read.append(
                {"network": network, "layer": layer, "place": place - 1, "r2": r2, "r2_learnt": learnt, "n": 40}
            )
    return Embedded(timesteps, similarity, pd.DataFrame(rows), pd.DataFrame(read))


@pytest.fixture
def found(study, results) -> Found:
    baseline, wide = ([result] * 3 for result in (results["baseline"][0], results["wide"][0]))
    made = study({"baseline": baseline, "wide": wide})
    return Found(made, {"baseline": [one(i) for i in range(3)], "wide": [one(i, told=False) for i in range(3)]})


def test_what_was_found_comes_back_from_the_disk(study, results, tmp_path: Path) -> None:
    made = study(results)
    assert chapter.read(made) is None
    folder = made.outputs / "embedding/baseline"
    folder.mkdir(parents=True)
    assert chapter.read(made) is None, "switched off, it leaves an empty folder"
    one(0).save(folder / "0")
    again = chapter.read(made)
    assert list(again.variants) == ["baseline"]
    back = again.variants["baseline"][0]
    np.testing.assert_array_equal(back.similarity, one(0).similarity)
    pd.testing.assert_frame_equal(back.told, one(0).told, rtol=1e-5)
    pd.testing.assert_frame_equal(back.read, one(0).read, rtol=1e-5)


def test_a_variant_that_lacks_a_training_seed_is_not_there(found: Found) -> None:
    folder = found.study.outputs / "embedding/baseline"
    for replica in (0, 1):
        one(replica).save(folder / str(replica))
    assert chapter.read(found.study) is None
    one(2).save(folder / "2")
    assert len(chapter.read(found.study).variants["baseline"]) == 3
    assert embedded.there(folder / "2")


def test_every_number_is_over_the_training_seeds_with_an_interval_that_holds_it(found: Found) -> None:
    numbers = chapter.numbers(found)
    per_variant = 3 + 2 * (14 + 3) + 1 + 2 * len(LAYERS) + 1
    assert len(numbers) == 2 * per_variant + len(CLAIMS)
    for name, number in numbers.items():
        if name.endswith(PIXELS):
            assert "ci95" not in number, "the same images for all training seeds"
            continue
        assert (len(number["replicas"]), number["dof"]) == (3, 2), name
        low, high = number["ci95"]
        assert low - 1e-9 <= number["value"] <= high + 1e-9, name


def test_numbers_are_those_of_the_made_up_trainings(found: Found) -> None:
    numbers = chapter.numbers(found)

    def value(name: str) -> float:
        return numbers[f"embedding.{name}"]["value"]

    for levels, part in ((1, "eighth"), (2, "quarter"), (4, "half")):
        assert value(f"baseline.similarity.{part}") == pytest.approx(1 - 0.1 * levels, abs=0.005)
        rise = 100 * np.expm1(PER_LEVEL * levels)
        assert value(f"baseline.{part}.rise") == pytest.approx(rise, abs=0.6)
        assert value(f"baseline.{part}.reread_rise") == pytest.approx(100 * np.expm1(PER_LEVEL * levels / 2), abs=0.3)
        for off in (levels, -levels):
            assert value(f"baseline.off.{off:+d}.rise") == pytest.approx(rise, abs=0.6)
        assert value(f"wide.{part}.rise") == 0
        assert value(f"wide.similarity.{part}") == 1
    assert value("baseline.best_off") == 0
    assert value("wide.best_off") == 0, "where all are the same, none is better than the true one"
    assert value("baseline.read.encoder") == value("baseline.read.trained.skip_02"), "chosen on other images"
    assert numbers["embedding.baseline.quarter.rise"]["n"] == 30
    assert numbers["embedding.baseline.read.encoder"]["n"] == 40


def test_the_best_told_level_is_where_the_loss_is_smallest(found: Found) -> None:
    for each in found.variants["baseline"]:
        wrong = each.told["told"] == each.told["true"].map(dict(zip(TIMES, [*TIMES[1:], TIMES[-1]], strict=True)))
        each.told.loc[wrong & (each.told["true"] != each.told["told"]), "loss"] *= 0.5
    assert chapter.numbers(found)["embedding.baseline.best_off"]["value"] == pytest.approx(7 / 8)


def test_ratios_have_true_levels_as_rows() -> None:
    made = one(0)
    made.told.loc[(made.told["true"] == TIMES[1]) & (made.told["told"] == TIMES[3]), "loss"] = 2 * 7.0
    ratios = figures.ratios(made, "loss")
    assert ratios[1, 3] == pytest.approx(7)
    np.testing.assert_allclose(np.diag(ratios), 1)


def test_claims_are_decided_by_the_baselines_training_seeds(found: Found, deciding) -> None:
    summary = chapter.numbers(found)
    decided = {each.name: each for each in decide(CLAIMS, summary, [], deciding)}
    assert {name: each.verdict for name, each in decided.items()} == {
        "level_is_seen": "supported",
        "wrong_level_costs": "supported",
    }
    assert decided["level_is_seen"].number["value"] == pytest.approx(0.91 - 0.9, abs=0.002)
    assert decided["wrong_level_costs"].number["value"] == pytest.approx(100 * np.expm1(2 * PER_LEVEL) - 10, abs=0.6)
    for each in found.variants["baseline"]:
        each.read["r2"] -= 0.1
        each.told["loss"] = each.told["reread"]
    decided = {each.name: each for each in decide(CLAIMS, chapter.numbers(found), [], deciding)}
    assert {each.verdict for each in decided.values()} == {"contradicted"}


def test_one_training_seed_decides_nothing(study, results, deciding) -> None:
    summary = chapter.numbers(Found(study(results), {"baseline": [one(0)]}))
    assert not [name for name in summary if name.startswith("embedding.effects")]
    decided = decide(CLAIMS, summary, [], deciding)
    assert {each.verdict for each in decided} == {"no data"}
    assert all("replicas" in each.needs for each in decided)
    assert all("baseline's embedding" in each.needs for each in decide(CLAIMS, {}, [], deciding))


@pytest.mark.parametrize("several", [True, False])
def test_the_page_shows_every_picture_and_whole_tables(found: Found, study, results, several: bool, tmp_path) -> None:
    if not several:
        found = Found(study(results), {"baseline": [one(0)]})
    summary = chapter.numbers(found)
    pictures = chapter.draw(found, summary, tmp_path / "figures/embedding")
    page = chapter.page(found, summary, pictures)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert page.count("| `wide` | T / ") == 3 * several
    assert "v itself depends on the level" in page
    said = chapter.finding(found, summary).says
    assert "its loss rises by 17" in said
    assert f"{3 if several else 1} training seed" in said
