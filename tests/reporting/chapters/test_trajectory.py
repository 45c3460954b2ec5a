"""What the chapter says of images on their way is what was found, for every subject."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.anatomy import followed, ways
from pipeline.anatomy.effects import Trajectories
from pipeline.anatomy.followed import CLEAN, NOISY, Followed
from pipeline.anatomy.trajectories import Course, strips
from pipeline.diffusion.schedule import alpha_bar
from pipeline.files import write_json
from pipeline.judges import bootstrap
from pipeline.reporting.chapters.trajectory import chapter, figures
from pipeline.reporting.chapters.trajectory.chapter import Found
from pipeline.reporting.chapters.trajectory.claims import CLAIMS
from pipeline.reporting.claims import decide
from tests.reporting.unrendered import unrendered

STEPS, SEEDS, SHOWN = 24, 30, 3


@pytest.fixture
def course() -> tuple[Course, np.ndarray]:
    """30 images of three classes in 24 steps, each class recognised later than the one before."""
    rng, labels = np.random.default_rng(0), np.arange(SEEDS) % 3
    step = np.arange(STEPS)[:, None]
    right = step >= 8 + 3 * labels
    said = np.log(0.05 + 0.85 * np.eye(3)[np.where(right, labels, 2)])
    progress = np.broadcast_to(step / STEPS, (STEPS, SEEDS))
    pictures = {kind: rng.integers(0, 255, (STEPS, SHOWN, 8, 8, 1), dtype=np.uint8) for kind in (NOISY, CLEAN)}
    energy = np.stack([progress > 0.3, progress > 0.7], axis=-1).astype(float)
    final = rng.integers(0, 255, (SEEDS, 8, 8, 1), dtype=np.uint8)
    noisy = progress + 0.01 * rng.random((STEPS, SEEDS))
    seen = {NOISY: said, CLEAN: said}
    return Course(20 * noisy, np.minimum(noisy, 1), energy, np.ones((SEEDS, 2)), seen, pictures, final, {}), labels


@pytest.fixture
def way(course: tuple[Course, np.ndarray]) -> Followed:
    went, labels = course
    draws, snr = bootstrap.draws(labels, 1000, 0), {STEPS - i: float(i - 10) for i in range(STEPS)}
    table = ways.images(went, np.arange(SEEDS), labels)
    ssim = np.linspace(0.2, 0.9, 4)[:, None] + 0.1 * np.random.default_rng(1).random((4, SEEDS))
    blank = np.zeros((4, 2, 8, 8, 1), np.uint8)
    branching = ways.Branching([24, 16, 8, 1], ssim, np.ones((4, SEEDS)), blank)
    effects = ways.effects(went, table, ["1", "5", "8"], draws)
    found = ways.findings(table, draws) | {f"effects.{name}": effect for name, effect in effects.items()}
    found["half_decided"] = ways.decided(branching, np.zeros(SEEDS), STEPS, draws)
    return Followed(
        ways.steps(went, labels, snr, draws),
        table,
        ways.branches(branching, np.zeros(SEEDS), snr, STEPS, draws),
        ways.schedules(alpha_bar("cosine", 100)),
        found,
        {"forward": np.zeros((SHOWN, 6, 8, 8, 1), np.uint8), "branches": blank, **strips(went, 4)},
        labels[:SHOWN],
    )


@pytest.fixture
def found(way: Followed, study, results) -> Found:
    return Found(study(results), {"baseline": way, "cat": way})


def test_what_was_found_comes_back_from_the_disk(way: Followed, tmp_path: Path) -> None:
    way.save(tmp_path / "baseline")
    again = followed.load(tmp_path / "baseline")
    pd.testing.assert_frame_equal(again.steps, way.steps, rtol=1e-5, check_dtype=False)
    pd.testing.assert_frame_equal(again.branches, way.branches, rtol=1e-5, check_dtype=False)
    assert again.findings == way.findings
    np.testing.assert_array_equal(again.pictures["film"], way.pictures["film"])
    np.testing.assert_array_equal(again.labels, way.labels)


def test_every_number_has_its_n_and_its_interval_holds_it(found: Found) -> None:
    numbers = chapter.numbers(found)
    assert len(numbers) > 100
    for name, number in numbers.items():
        assert number["n"] >= 1, name
        low, high = number["ci95"]
        assert low - 1e-9 <= number["value"] <= high + 1e-9, name
    assert numbers["trajectory.cat.recognised.x0-calibrated.2"]["n"] == 10


def test_the_page_shows_every_picture_and_the_numbers_of_every_subject(found: Found, tmp_path: Path) -> None:
    summary = chapter.numbers(found)
    chapter.draw(Found(found.study, {"baseline": found.subjects["baseline"]}), summary, tmp_path / "rendered")
    with unrendered():
        pictures = chapter.draw(found, summary, tmp_path / "figures/trajectory")
    page = chapter.page(found, summary, pictures)
    assert re.findall(r"^## `(\w+)`$", page, re.M) == ["baseline", "cat"]
    linked = {link.split(")")[0] for link in page.split("](figures/")[1:]}
    assert linked == {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block
    decided = summary["trajectory.baseline.half_decided"]["value"]
    assert f"it is 0.5 after {100 * decided:.0f} [" in page
    assert "No judge fits" not in page
    assert {picture.of for picture in pictures.values()} == {"baseline", "cat"}
    assert "recognises the noisy image of `baseline` for good after" in chapter.finding(found, summary).says


def test_how_much_is_decided_where_phases_meet_is_read_off_between_the_steps_tried(found: Found, tmp_path) -> None:
    with unrendered():
        assert "the first phase ends" not in chapter.page(found, chapter.numbers(found), _drawn(found, tmp_path))
    folder = found.study.outputs / "intervene/baseline/0"
    folder.mkdir(parents=True)
    steps = found.study.params.sampler.steps
    ends = {"composition_ends": steps * (1 - 0.5), "denoising_begins": steps * (1 - 0.75)}
    write_json(folder / "findings.json", {f"phases.{name}": {"value": k, "n": 9} for name, k in ends.items()})
    numbers = chapter.numbers(found)
    table = found.subjects["baseline"].branches  # steps 24, 16, 8 and 1 of 24
    for name, done, at in (("composition_ends", 0.5, (1 / 3, 2 / 3)), ("denoising_begins", 0.75, (2 / 3, 23 / 24))):
        share = (done - at[0]) / (at[1] - at[0])
        i = 1 if name == "composition_ends" else 2
        for column, value in (("likeness", "value"), ("likeness_low", 0), ("likeness_high", 1)):
            expected = (1 - share) * table[column][i] + share * table[column][i + 1]
            number = numbers[f"trajectory.baseline.at.{name}.likeness"]
            assert (number["value"] if value == "value" else number["ci95"][value]) == pytest.approx(expected)
    assert not [name for name in numbers if name.startswith("trajectory.cat.at.")]
    page = chapter.page(found, numbers, _drawn(found, tmp_path))
    assert "meet at 50 % and 75 %" in page
    assert page.count("| the last phase begins | 75 |") == 1
    top = figures.branching(table, {"the first phase ends": 0.5, "the last phase begins": 0.75}).axes[0]
    assert [text.get_text() for text in top.texts] == ["the first phase ends", "the last phase begins"]


def _drawn(found: Found, folder: Path) -> dict:
    return chapter.draw(found, chapter.numbers(found), folder / "figures/trajectory")


def test_without_a_judge_the_page_says_that_nothing_is_said_of_recognition(
    found: Found, way: Followed, tmp_path
) -> None:
    kept = [name for name in way.steps if "-" not in str(name)]
    unjudged = replace(
        way,
        steps=way.steps[kept],
        images=way.images.drop(columns=[name for name in way.images if str(name).startswith(("x0", "x_k"))]),
        branches=way.branches.drop(columns=["kept", "kept_low", "kept_high"]),
        findings={name: number for name, number in way.findings.items() if "recognised" not in name},
    )
    alone = Found(found.study, {"baseline": unjudged})
    summary = chapter.numbers(alone)
    pictures = chapter.draw(alone, summary, tmp_path)
    page = chapter.page(alone, summary, pictures)
    assert "No judge fits the images of this subject" in page
    assert not (tmp_path / "baseline/recognition.png").exists()
    assert chapter.finding(alone, summary).says.startswith("Half of an image is decided")


def test_classes_of_one_image_each_have_no_picture(found: Found, way: Followed, tmp_path: Path) -> None:
    each_alone = replace(
        way,
        images=way.images.assign(label=range(SEEDS)),
        findings={name: n for name, n in way.findings.items() if not re.search(r"recognised\..*\.", name)},
    )
    alone = Found(found.study, {"baseline": each_alone})
    summary = chapter.numbers(alone)
    page = chapter.page(alone, summary, chapter.draw(alone, summary, tmp_path))
    assert "classes.png" not in page
    assert "recognition.png" in page
    assert not (tmp_path / "baseline/classes.png").exists()


def test_the_film_has_a_frame_a_step_and_plays_on(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (8, 2, 3, 8, 8, 1), dtype=np.uint8)
    figures.film(tmp_path / "film.gif", frames)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.info["loop"] == 0
        shown = []
        for i in range(film.n_frames):
            film.seek(i)
            shown.append(np.asarray(film.convert("L")))
    distinct = [shown[0], *(b for a, b in pairwise(shown) if not np.array_equal(a, b))]
    assert len(distinct) == 8, "the last is only shown for longer"
    assert (tmp_path / "film.gif").stat().st_size < 2**20


def test_a_film_of_large_images_shows_fewer_seeds_at_every_step(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (20, 2, 8, 64, 64, 1), dtype=np.uint8)
    figures.film(tmp_path / "film.gif", frames)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames >= 20
        (width, height), one = film.size, figures.magnified(frames[0]).shape[3]
    assert (height, width % one) == (2 * one, 0)
    assert 1 <= width // one < 8
    assert (tmp_path / "film.gif").stat().st_size <= figures.MOST_BYTES


def test_waiting_ends_at_those_that_are_never_there() -> None:
    steps = pd.DataFrame({"done": [0.0, 0.25, 0.5, 0.75]})
    x, y = figures.waiting(np.array([0.0, 0.5, 0.5, 1.0]), steps)
    assert x.tolist() == [0, 25, 50, 75, 100]
    assert y.tolist() == [75, 75, 25, 25, 25]


def test_every_effect_decides_a_claim_of_every_subject(found: Found, deciding) -> None:
    summary = chapter.numbers(found)
    assert {claim.name for claim in CLAIMS} == {str(effect) for effect in Trajectories}
    decided = {each.name: each for each in decide(CLAIMS, summary, ["baseline", "cat"], deciding)}
    assert len(decided) == 2 * len(CLAIMS)
    coarse = decided["baseline.coarse_first"]
    assert (coarse.verdict, coarse.number["n"]) == ("supported", SEEDS)
    assert decided["cat.simple_first"].verdict == "no data", "there is no digit 7"
    assert decided["cat.simple_first"].needs.startswith("a judge of the subject's images")


@pytest.mark.parametrize(("share", "said"), [(0.79, "no data"), (0.8, "supported")])
def test_when_images_are_recognised_is_not_said_where_few_are(share: float, said: str, found: Found, deciding) -> None:
    """A mean over images of which a third never shows its class would say that they are bad, and not when they form."""
    summary = chapter.numbers(found)
    effect = {"value": 0.05, "n": 30, "ci95": [0.04, 0.06], "p": 1e-6}
    of_recognition = {"recognised_by_60_to_70", "recognised_by_50_to_70", "simple_first"}
    summary |= {f"trajectory.baseline.effects.{name}": effect for name in of_recognition}
    last = summary["trajectory.baseline.steps.1.x_k-calibrated"]
    summary["trajectory.baseline.steps.1.x_k-calibrated"] = {**last, "value": share}
    decided = {each.claim.name: each for each in decide(CLAIMS, summary, ["baseline"], deciding)}
    assert {decided[name].verdict for name in of_recognition} == {said}
    assert ("here it is 79 %" in decided["recognised_by_60_to_70"].needs) == (said == "no data")
    assert decided["coarse_first"].verdict != "no data"
    said_first = chapter.finding(found, summary).says
    assert re.search(rf" {100 * share:.0f} \[\d+, \d+\] % are recognised in the end", said_first)


def test_several_networks_are_one_subject(found: Found, way: Followed, tmp_path: Path) -> None:
    for place in (0, 1):
        way.save(found.study.outputs / f"trajectory/baseline/{place}")
        steps = found.study.params.sampler.steps
        ends = {f"phases.{name}": {"value": steps * (0.5 - place / 10), "n": 9} for name in chapter.BORDERS}
        write_json(found.study.outputs / f"intervene/baseline/{place}/findings.json", ends)
    both = chapter.read(found.study)
    assert len(both.subjects["baseline"].images) == 2 * SEEDS
    assert (both.subjects["baseline"].steps["n"] == 2 * SEEDS).all()
    assert both.borders("baseline") == dict.fromkeys(chapter.BORDERS, pytest.approx(0.6))
    numbers = chapter.numbers(both)
    one, two = (each["trajectory.baseline.half_decided"] for each in (chapter.numbers(found), numbers))
    assert two["value"] == pytest.approx(one["value"])
    assert np.ptp(two["ci95"]) < np.ptp(one["ci95"]), "twice as many images"
    with unrendered():
        page = chapter.page(both, numbers, _drawn(both, tmp_path))
        alone = chapter.page(found, chapter.numbers(found), _drawn(found, tmp_path))
    assert "over 2 networks, the same but for their training seed" in page
    assert "networks" not in alone
