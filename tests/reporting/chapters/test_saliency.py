"""What the chapter says of saliency maps is what was found, for every subject, and claims are decided by it."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.io import imread

from pipeline.anatomy import believed
from pipeline.anatomy.believed import Over
from pipeline.anatomy.effects import Saliency as Effects
from pipeline.anatomy.salient import CAM, LAYER, MASKS, OTHER, RISE, RIVALS, Salient
from pipeline.params import BASELINE
from pipeline.reporting import ledger
from pipeline.reporting.chapters.saliency import chapter
from pipeline.reporting.chapters.saliency.chapter import Found
from pipeline.reporting.chapters.saliency.claims import AGAINST, CLAIMS, UNTIMED
from pipeline.reporting.claims import decide
from pipeline.reporting.page import Picture, Pictures

TIMES, SEEDS, SIDE, POINTS = ("t100", "t075", "t025"), 12, 8, 4
METHODS = [RISE, CAM, f"{RISE}{OTHER}", f"{CAM}{OTHER}", *RIVALS]
GAIN = dict.fromkeys(METHODS, 0.1) | {RISE: 0.5, CAM: -0.2, "edges": 0.2, "occlusion": 0.6}


@cache
def made(order: float = 0.3, objects: int = SEEDS, times: tuple[str, ...] = TIMES) -> Salient:
    """Maps of which DF-RISE is good, and DF-CAM is not; the object is `order` more in it early than late, and the edges
    as much less; the last seeds have no object."""
    rng = np.random.default_rng(0)
    games = []
    for t, time in enumerate(times):
        for seed in range(SEEDS):
            for method in METHODS:
                gain = GAIN[method] + 0.02 * rng.normal()
                early = (t == 0) * order * (method == RISE)
                row = {"time": time, "seed": 40 + seed, "method": method, "gain": gain}
                row |= {"insertion": 0.5 + gain / 2, "deletion": 0.5 - gain / 2}
                there = seed < objects
                row |= {"iou": 0.4 + 0.01 * rng.normal() - 0.1 * (method != RISE) if there else np.nan}
                row |= {"pointing": float(seed % 2) if there else np.nan}
                row |= {"foreground": 0.2 + early + 0.02 * rng.normal() if there else np.nan}
                games.append({**row, "edges": 0.5 - early + 0.02 * rng.normal()})
    alike = {8: 0.2, 16: 0.5, 32: 0.95}
    convergence = [
        {"time": time, "seed": 40 + seed, "masks": count, "correlation": value - 0.4 * (time == "t025")}
        for time in times
        for seed in range(SEEDS)
        for count, value in alike.items()
    ]
    stays = {MASKS: 0.8, "weights_50": 0.3, "weights_100": 0.1, "random": 0.9, "adversarial": 0.5}
    sanity = [
        {"time": time, "seed": 40 + seed, "method": method, "check": check}
        | {"correlation": (value if method == RISE else 0.9) + 0.02 * rng.normal(), "likeness": 0.7}
        for time in times
        for seed in range(6)
        for method in (RISE, CAM)
        for check, value in stays.items()
        if (method, check) != (CAM, MASKS)
    ]
    over = Over(np.arange(SEEDS) % 3, 200, 0)
    frames = [pd.DataFrame(rows) for rows in (games, convergence, sanity)]
    played = rng.random((len(times), SEEDS, len(METHODS), 2, POINTS + 1))
    agreement = 0.05 * rng.normal(size=(SEEDS, len(times)))
    shape = (len(times), SEEDS, SIDE, SIDE)
    maps = {method: rng.random(shape).astype(np.float32) for method in (RISE, CAM, *RIVALS)}
    maps |= {f"{LAYER}{name}": rng.random(shape).astype(np.float32)[:, :2] for name in ("skip_01", "middle_01")}
    large = rng.integers(0, 255, (len(times), 2, 2 * SIDE, 2 * SIDE, 3), dtype=np.uint8)
    return Salient(
        frames[0],
        believed.curves(played, METHODS, list(times), over),
        frames[1],
        frames[2],
        believed.findings(frames[0], agreement, frames[1], frames[2], 0.9, over),
        maps,
        {"x_k": large[..., :1], "x0": large, "final": large[0]},
    )


@pytest.fixture
def found(study, results) -> Found:
    return Found(study(results), {"baseline": made(), UNTIMED: made(order=0.0)})


def pictures(found: Found) -> Pictures:
    """Pictures of which there is only the name, where nobody looks at them."""
    names = ("maps", "layers", "convergence", "gains", "curves", "overlap", "sanity")
    files = [(subject, f"{subject}/{name}.png") for subject in found.subjects for name in names]
    return {file: Picture(f"saliency/{file}", "A picture.", subject) for subject, file in files}


def test_what_was_found_comes_back_from_the_disk(study, results, tmp_path: Path) -> None:
    ours = study(results)
    folder = ours.outputs / "saliency/baseline"
    assert chapter.read(ours) is None
    folder.mkdir(parents=True)
    assert chapter.read(ours) is None, "switched off, it leaves an empty folder"
    maps = made(objects=9)
    maps.save(folder / "0")
    again = chapter.read(ours).subjects["baseline"]
    for name in ("games", "curves", "convergence", "sanity"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(maps, name), rtol=1e-5, check_dtype=False)
    assert again.findings == maps.findings
    assert set(again.maps) == set(maps.maps)
    np.testing.assert_array_equal(again.maps[RISE], maps.maps[RISE])
    np.testing.assert_array_equal(again.pictures["x0"], maps.pictures["x0"])
    assert again.times == list(TIMES)


def test_every_number_has_its_n_and_its_interval_holds_it(found: Found) -> None:
    numbers = chapter.numbers(found)
    for name, number in numbers.items():
        if name.endswith("converged"):
            assert (number["value"], "ci95" in number) == (32, False)
            continue
        low, high = number["ci95"]
        assert low - 1e-9 <= number["value"] <= high + 1e-9, name
        checked = ".sanity." in name or ".noise." in name or name.endswith(("weights", "follows_noise"))
        assert number["n"] == (6 if checked else SEEDS), name
    of = "saliency.baseline"
    assert numbers[f"{of}.t100.rise.gain"]["value"] == pytest.approx(0.5, abs=0.02)
    assert numbers[f"{of}.mean.rise.over.edges"]["value"] == pytest.approx(0.3, abs=0.02)
    assert numbers[f"{of}.mean.cam.over.edges"]["ci95"][1] < 0
    assert f"{of}.t025.converged" not in numbers, "two maps never count as one there"
    assert numbers[f"{of}.mean.sanity.rise.weights_100"]["n"] == 6


def test_a_paired_difference_is_that_of_each_seed(found: Found) -> None:
    games = found.subjects["baseline"].games.set_index(["method", "time", "seed"]).sort_index()["gain"]
    number = chapter.numbers(found)["saliency.baseline.t075.rise.over.centre"]
    assert number["value"] == pytest.approx((games[RISE, "t075"] - games["centre", "t075"]).mean())


def test_images_without_an_object_are_left_out_and_counted(study, results) -> None:
    some = Found(study(results), {"baseline": made(objects=7)})
    numbers = chapter.numbers(some)
    assert numbers["saliency.baseline.mean.rise.iou"]["n"] == 7
    assert numbers["saliency.baseline.mean.rise.gain"]["n"] == SEEDS
    assert f"saliency.baseline.effects.{Effects.SEMANTICS_FIRST}" in numbers
    none = Found(study(results), {"baseline": made(objects=0)})
    numbers = chapter.numbers(none)
    assert not [name for name in numbers if name.endswith((".iou", Effects.RISE_COVERS, Effects.SEMANTICS_FIRST))]
    assert f"saliency.baseline.effects.{Effects.EDGES_LATE}" in numbers
    page = chapter.page(none, numbers, pictures(none))
    assert "n = 0 images with a foreground" in page


def test_claims_are_decided_by_every_subject_s_seeds(found: Found, deciding) -> None:
    summary = chapter.numbers(found)
    verdicts = {each.name: each.verdict for each in decide(CLAIMS, summary, ["baseline", UNTIMED], deciding)}
    assert len(verdicts) == 2 * (len(CLAIMS) - 1) + 1
    expected = {
        Effects.RISE_EXPLAINS: "supported",
        Effects.CAM_EXPLAINS: "contradicted",
        Effects.RISE_COVERS: "supported",
        Effects.SEMANTICS_FIRST: "supported",
        Effects.EDGES_LATE: "supported",
        Effects.METHODS_AGREE: "inconclusive",
        Effects.RISE_NEEDS_WEIGHTS: "supported",
        Effects.CAM_NEEDS_WEIGHTS: "contradicted",
        Effects.RISE_IS_OWN: "supported",
        Effects.CAM_IS_OWN: "contradicted",
        Effects.RISE_FOLLOWS_NOISE: "supported",
    }
    assert {name: verdicts[f"baseline.{name}"] for name in expected} == {str(k): v for k, v in expected.items()}
    assert verdicts[f"{UNTIMED}.{Effects.SEMANTICS_FIRST}"] == "inconclusive"
    assert verdicts["hierarchy_needs_time"] == "one seed only"
    assert summary[f"saliency.{UNTIMED}.{AGAINST}"]["value"] == pytest.approx(0.3, abs=0.03)
    assert summary[f"saliency.baseline.effects.{Effects.RISE_NEEDS_WEIGHTS}"]["value"] == pytest.approx(0.3, abs=0.02)
    alone = decide(CLAIMS, {}, ["baseline"], deciding)
    assert {each.verdict for each in alone} == {"no data"}
    assert all("saliency" in each.needs for each in alone)


def test_the_page_shows_every_picture_and_whole_tables(found: Found, deciding, tmp_path: Path) -> None:
    summary = chapter.numbers(found)
    drawn = chapter.draw(found, summary, tmp_path / "figures/saliency")
    page = chapter.page(found, summary, drawn)
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    assert {f"baseline/{claim.figure}.png" for claim in CLAIMS if claim.of_subjects} <= set(drawn)
    shown = ledger.shown(decide(CLAIMS, summary, ["baseline"], deciding), {"saliency": drawn})
    assert "[figure](figures/saliency/baseline/gains.png)" in shown
    assert f"[figure](figures/saliency/{UNTIMED}/overlap.png)" in shown
    assert "DF-CAM of `baseline` beats no rival" in page
    assert "It does not beat the edge map at any time." in page
    assert "and does not beat occlusion" in page
    assert "which takes 32 at 100 % of T and 32 at 75 % of T" in page
    assert "At 25 % of T it stays below 0.9" in page
    assert "## Does the order need the timestep?" in page
    assert "DF-RISE of `baseline` beats" in chapter.finding(found, summary).says
    for path in (tmp_path / "figures").rglob("*.png"):
        assert imread(path).shape[1] <= 960, path


def test_with_one_time_there_is_no_order(study, results) -> None:
    alone = Found(study(results), {"baseline": made(times=("t100",)), UNTIMED: made(times=("t100",))})
    summary = chapter.numbers(alone)
    assert not [name for name in summary if name.endswith((AGAINST, Effects.SEMANTICS_FIRST, Effects.EDGES_LATE))]
    page = chapter.page(alone, summary, pictures(alone))
    assert "noisier half" not in page
    assert "Does the order need" not in page


def test_networks_decide_whether_the_order_needs_the_timestep(study, results, deciding) -> None:
    ours = study(results)
    for place in (0, 1, 2):
        made(order=0.3 + 0.01 * place).save(ours.outputs / f"saliency/baseline/{place}")
        made(order=0.0).save(ours.outputs / f"saliency/{UNTIMED}/{place}")
    subjects = dict.fromkeys((BASELINE, UNTIMED), ours.params.subjects[BASELINE])
    both = chapter.read(replace(ours, params=ours.params.model_copy(update={"subjects": subjects})))
    numbers = chapter.numbers(both)
    gap = numbers[f"saliency.{UNTIMED}.{AGAINST}"]
    np.testing.assert_allclose(np.diff(gap["replicas"]), 0.01, atol=1e-4)
    assert gap["n"] == 3 * SEEDS
    verdicts = {each.name: each.verdict for each in decide(CLAIMS, numbers, [BASELINE, UNTIMED], deciding)}
    assert verdicts["hierarchy_needs_time"] == "supported"
    assert numbers["saliency.baseline.mean.rise.gain"]["n"] == 3 * SEEDS
    page = chapter.page(both, numbers, pictures(both))
    assert page.count("over 3 networks, the same but for their training seed") == 2
    assert "paired, over 3 networks of each)" in page
