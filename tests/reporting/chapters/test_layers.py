"""What the chapter says of the layers is what was found, over training seeds."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gmean

from pipeline.anatomy import layered
from pipeline.anatomy.layered import COMPOSITE, DENOISER, FLOOR, FRESH, MEASURES, SEED, SEGMENTER, Layered
from pipeline.reporting.chapters.layers import chapter
from pipeline.reporting.chapters.layers.chapter import Found
from pipeline.reporting.chapters.layers.claims import CLAIMS
from pipeline.reporting.claims import decide
from pipeline.segmentation import segmented
from pipeline.segmentation.segmented import BACKGROUND, Segmented
from tests.reporting.unrendered import unrendered

LAYERS = ("skip_01", "skip_02", "middle_01", "block_01", "block_02")
VIEWS, REPLICAS = ("t025", "t100"), (4, 5, 6)
TRUE = {SEGMENTER: 0.8, DENOISER: 0.6, FRESH: 0.5}


def made(replicas: tuple[int, ...]) -> tuple[Segmented, Layered]:
    """The segmentation network is above the denoiser by 0.2, and the class is clearer the deeper the layer is."""
    rng = np.random.default_rng(0)
    measures, likenesses, skips = [], [], []
    looked = [(DENOISER, view) for view in (*VIEWS, COMPOSITE)]
    looked += [(network, view) for network in (SEGMENTER, FRESH) for view in (VIEWS[0], COMPOSITE)]
    for replica in replicas:
        for network, view in looked:
            for place, layer in enumerate(LAYERS):
                row = {"replica": replica, "network": network, "view": view, "layer": layer, "place": place}
                row |= {"resolution": 8, "channels": 4, "n": 50}
                row |= {name: TRUE[network] + 0.01 * rng.normal() for name in MEASURES}
                clear = 0.3 + 0.3 * place * (network == DENOISER) if place < 3 else 0.4
                row["class_probe"] = clear + 0.001 * rng.normal()
                measures.append(row)
        others = (SEGMENTER, FRESH, FLOOR, SEED) if len(replicas) > 1 else (SEGMENTER, FRESH, FLOOR)
        for view in (*VIEWS, COMPOSITE):
            for other in (*others, *(each for each in VIEWS if COMPOSITE != view < each)):
                for layer in LAYERS:
                    row = {"replica": replica, "layer": layer, "view": view, "other": other}
                    likenesses.append({**row, "cka": 0.4 + 0.01 * rng.normal(), "n": 100})
        for network, view in (*looked[: len(VIEWS)], (SEGMENTER, COMPOSITE)):
            for skip in ("skip_01", "skip_02"):
                worse = {"t025": 50, "t100": 1}.get(view, 8) + 0.1 * rng.normal()
                row = {"replica": replica, "network": network, "view": view}
                finer = 0.3 + 0.01 * rng.normal() if network == DENOISER else np.nan
                skips.append({**row, "skip": skip, "worse": worse, "finer": finer, "n": 9})
    images = rng.integers(0, 255, (2, 8, 8, 1), dtype=np.uint8)
    pictures = {"image": images, **dict.fromkeys((*VIEWS, COMPOSITE), images)}
    pictures |= {f"{network}-{view}": np.zeros((len(LAYERS), 2, 8, 8), np.uint8) for network, view in looked}
    rows = [
        {"replica": replica, "class": label, "iou": 0.9 - 0.05 * (label + 1), "n": 30}
        for replica in replicas
        for label in (BACKGROUND, 0, 1, 2)
    ]
    classes = rng.integers(0, 4, (3, 8, 8))
    shown = {"composites": images[[0, 1, 0]], "true": classes, "predicted": classes}
    return Segmented(pd.DataFrame(rows), shown), Layered(
        pd.DataFrame(measures), pd.DataFrame(likenesses), pd.DataFrame(skips), pictures
    )


@pytest.fixture
def found(study, results) -> Found:
    return Found(study(results), *made(REPLICAS))


def test_what_was_found_comes_back_from_the_disk(found: Found, tmp_path: Path) -> None:
    found.layered.save(tmp_path / "layers")
    found.segmented.save(tmp_path / "segment")
    again, segments = layered.load(tmp_path / "layers"), segmented.load(tmp_path / "segment")
    for name in ("measures", "likenesses", "skips"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found.layered, name), rtol=1e-5, check_dtype=False)
    pd.testing.assert_frame_equal(segments.overlaps, found.segmented.overlaps, rtol=1e-5, check_dtype=False)
    np.testing.assert_array_equal(again.pictures["image"], found.layered.pictures["image"])
    np.testing.assert_array_equal(segments.pictures["true"], found.segmented.pictures["true"])


def test_without_one_of_the_two_stages_there_is_no_chapter(study, results) -> None:
    made_up = study(results)
    segments, layers = made(REPLICAS)
    assert chapter.read(made_up) is None
    segments.save(made_up.outputs / "segment")
    (made_up.outputs / "layers").mkdir()
    assert chapter.read(made_up) is None, "switched off, it leaves an empty folder"
    layers.save(made_up.outputs / "layers")
    assert chapter.read(made_up).views == ["t025", "t100"]


def test_every_number_is_over_the_training_seeds_with_an_interval_that_holds_it(found: Found) -> None:
    numbers = chapter.numbers(found)
    views = len(VIEWS) + 1
    alike = views * 4 + 1  # the last: the two noise levels
    looked = views + 2 * 2
    of_layers = len(LAYERS) * (len(MEASURES) * looked + alike) + alike
    assert len(numbers) == 1 + 4 + of_layers + 3 * 2 + len(CLAIMS)
    for name, number in numbers.items():
        if f".{SEED}." in name:
            assert "ci95" not in number, "pairs of training seeds share seeds"
            continue
        assert len(number["replicas"]) == 3, name
        low, high = number["ci95"]
        if "dof" in number:
            assert number["dof"] == 2, name
        else:
            assert np.ptp(number["replicas"]) == 0, name
            assert high > low, "alike, with the error of its images"
        assert low - 1e-9 <= number["value"] <= high + 1e-9, name
    assert numbers["segment.overlap"]["value"] == pytest.approx(0.9 - 0.05 * 1.5)
    rows = found.layered.measures.query("network == 'denoiser' and view == 't100' and layer == 'block_01'")
    assert numbers["layers.denoiser.t100.block_01.edges"]["replicas"] == rows["edges"].tolist()


def test_a_rise_of_the_loss_is_averaged_as_a_ratio_and_a_fall_of_the_overlap_as_points(found: Found) -> None:
    skips = found.layered.skips
    skips.loc[skips["replica"] == REPLICAS[0], "worse"] = 900.0
    numbers = chapter.numbers(found)
    for network, view, mean in ((DENOISER, "t025", gmean), (SEGMENTER, COMPOSITE, np.mean)):
        rows = skips[(skips["network"] == network) & (skips["view"] == view) & (skips["skip"] == "skip_01")]
        number = numbers[f"layers.skips.{network}.{view}.skip_01"]
        assert number["value"] == pytest.approx(mean(1 + rows["worse"] / 100) * 100 - 100)
        assert (number["ci95"][0] > -100) == (network == DENOISER), "no loss falls by more than all of it"


def test_effects_are_those_of_the_made_up_layers(found: Found, deciding) -> None:
    summary = chapter.numbers(found)
    expected = {
        "segmentation_marks_regions": 20,
        "segmentation_follows_edges": 20,
        "diffusion_spreads": 20,
        "diffusion_is_mosaic": 20,
        "deeper_is_more_abstract": 1,
        "skips_bring_detail": 30,
    }
    decided = {each.name: each for each in decide(CLAIMS, summary, [], deciding)}
    assert set(decided) == set(expected)
    for name, value in expected.items():
        assert summary[f"layers.effects.{name}"]["value"] == pytest.approx(value, abs=1.5), name
        assert decided[name].verdict == "supported", name
    assert summary["layers.effects.skips_bring_detail"]["n"] == 9
    assert summary["layers.effects.diffusion_spreads"]["against"] in ("composites", "noisy images")


def test_what_holds_on_one_input_alone_is_not_supported(study, results, deciding) -> None:
    segments, layers = made(REPLICAS)
    worse = (layers.measures["network"] == SEGMENTER) & (layers.measures["view"] == COMPOSITE)
    layers.measures.loc[worse, "inside"] -= 0.4
    summary = chapter.numbers(Found(study(results), segments, layers))
    decided = {each.name: each for each in decide(CLAIMS, summary, [], deciding)}
    assert decided["diffusion_spreads"].number["against"] == "composites"
    assert decided["diffusion_spreads"].verdict == "contradicted"
    assert decided["diffusion_is_mosaic"].verdict == "supported"


def test_one_training_seed_decides_nothing(study, results, deciding) -> None:
    summary = chapter.numbers(Found(study(results), *made(REPLICAS[:1])))
    assert not [name for name in summary if name.startswith("layers.effects")]
    decided = decide(CLAIMS, summary, [], deciding)
    assert {each.verdict for each in decided} == {"no data"}
    assert all("segment.replicas" in each.needs for each in decided)
    assert all("segment, layers" in each.needs for each in decide(CLAIMS, {}, [], deciding))


def test_a_class_that_is_nowhere_has_no_overlap(found: Found) -> None:
    found.segmented.overlaps.loc[found.segmented.overlaps["class"] == 2, "iou"] = np.nan
    numbers = chapter.numbers(found)
    assert "segment.class.2.overlap" not in numbers
    assert numbers["segment.overlap"]["value"] == pytest.approx(0.9 - 0.05)


@pytest.mark.parametrize("replicas", [REPLICAS, REPLICAS[:1]])
def test_the_page_shows_every_picture_and_whole_tables(study, results, replicas, tmp_path: Path) -> None:
    found = Found(study(results), *made(replicas))
    summary = chapter.numbers(found)
    pictures = chapter.draw(found, summary, tmp_path / "figures/layers")
    page = chapter.page(found, summary, pictures)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert "above the 0.7 that it needs" in page
    assert ("another training seed |" in page) == (len(replicas) > 1)
    said = chapter.finding(found, summary).says
    assert "a linear probe reads the class of 90" in said
    assert f"{len(replicas)} training seed" in said


def test_a_network_that_has_not_learnt_to_segment_is_said_not_to_and_decides_nothing(
    found: Found, deciding, tmp_path: Path
) -> None:
    summary = chapter.numbers(found)
    before = {each.name: each.verdict for each in decide(CLAIMS, summary, [], deciding)}
    summary["segment.overlap"]["value"] = 0.4
    after = {each.name: each for each in decide(CLAIMS, summary, [], deciding)}
    of_both = {"segmentation_marks_regions", "segmentation_follows_edges", "diffusion_spreads", "diffusion_is_mosaic"}
    assert {name for name, each in after.items() if each.verdict == "no data"} == of_both
    assert "no data" not in before.values()
    assert "of at least 0.7, and the one here reaches 0.40" in after["diffusion_spreads"].needs
    with unrendered():
        page = chapter.page(found, summary, chapter.draw(found, summary, tmp_path))
    assert "has not learnt its task" in page
