"""Images are followed step by step as the loop draws them, and continued with noise that no other image has."""

import numpy as np
import pytest
import torch

from pipeline.anatomy import forward, spectrum, trajectories, ways
from pipeline.anatomy.effects import Trajectories
from pipeline.anatomy.followed import CLEAN, NOISY
from pipeline.anatomy.sweep import Loop
from pipeline.anatomy.trajectories import Course
from pipeline.data.images import ImageSet
from pipeline.diffusion.schedule import alpha_bar
from pipeline.judges import bootstrap, similarity


def judge(images: np.ndarray) -> np.ndarray:
    """Something like a judge of three classes, by the brightness of an image."""
    level = images.mean(axis=(1, 2, 3)) / 255
    scores = np.stack([-level, 0 * level, level], axis=1)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))


@pytest.fixture
def course(plain: Loop, seeds: np.ndarray) -> Course:
    """Five images in batches of four."""
    return trajectories.follow(plain, seeds, seeds % 3, judge, 3, [6, 4, 1], 5)


def test_every_step_is_the_loop_s_own_whatever_shares_a_batch(plain: Loop, course: Course, seeds: np.ndarray) -> None:
    for i, seed in enumerate(seeds):
        alone = np.repeat(seed, 4)
        moments = list(plain.walk(plain.untouched, alone, alone % 3))
        final = plain.subject.images(moments[-1].after[:1])
        np.testing.assert_array_equal(course.final[i], final[0])
        for k, moment in enumerate(moments):
            noisy, clean = plain.subject.images(moment.x[:1]), plain.subject.images(moment.x0[:1])
            assert course.psnr[k, i] == similarity.psnr(noisy, final)[0]
            assert course.ssim[k, i] == similarity.ssim(clean, final)[0]
            np.testing.assert_allclose(course.energy[k, i], spectrum.energies(clean)[0])
            assert course.seen is not None
            np.testing.assert_allclose(course.seen[NOISY][k, i], judge(noisy)[0])
            np.testing.assert_allclose(course.seen[CLEAN][k, i], judge(clean)[0])
            if i < 3:
                np.testing.assert_array_equal(course.pictures[NOISY][k, i], noisy[0])
        for k in (6, 4, 1):
            assert torch.equal(course.starts[k][i], moments[6 - k].x[0])


def test_with_the_seed_s_own_noise_a_continuation_would_be_the_image(
    plain: Loop, course: Course, seeds: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectories, "BRANCH_SEEDS", 0)
    for k, x in course.starts.items():
        for again in trajectories.continuations(plain, k, x, seeds, seeds % 3, 2):
            np.testing.assert_array_equal(again, course.final)


def test_continuations_differ_among_themselves_the_less_the_later_they_part(
    plain: Loop, course: Course, seeds: np.ndarray
) -> None:
    found = ways.branch(plain, course, seeds, seeds % 3, 3, judge)
    assert found.starts == [6, 4, 1]
    assert found.ssim.shape == (3, 5)
    assert found.pictures.shape == (3, 3, 8, 8, 1)
    assert (found.ssim[0] < 1).all()
    assert (found.ssim[2] == 1).all(), "the last step draws no noise"
    assert found.kept is not None
    assert (found.kept[2] == 1).all()
    assert found.ssim[0].mean() < found.ssim[1].mean()


def test_siblings_are_as_alike_as_their_pairs() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 8, 1)).astype(np.uint8)
    images[2] = images[0]
    found = trajectories.siblings(images)
    cross = similarity.ssim(images[0], images[1])
    np.testing.assert_allclose(found, (1 + 2 * cross) / 3)


@pytest.mark.parametrize(("count", "steps", "expected"), [(3, 50, [50, 26, 1]), (9, 4, [4, 3, 2, 1]), (2, 50, [50, 1])])
def test_branches_start_evenly_from_the_first_step_to_the_last(count: int, steps: int, expected: list[int]) -> None:
    assert trajectories.branch_starts(count, steps) == expected


def test_strips_and_films_end_with_the_finished_images(course: Course) -> None:
    made = trajectories.strips(course, 3)
    assert made["columns"].tolist() == [0, 2, 5]
    for kind in (NOISY, CLEAN):
        assert made[kind].shape == (3, 4, 8, 8, 1)
        np.testing.assert_array_equal(made[kind][:, -1], course.final[:3])
        np.testing.assert_array_equal(made[kind][:, 1], course.pictures[kind][2])
    assert made["film"].shape == (7, 2, 3, 8, 8, 1)
    np.testing.assert_array_equal(made["film"][6, 0], course.final[:3])


def test_large_pictures_are_reduced_to_means() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 200, 200, 3)).astype(np.uint8)
    found = trajectories.reduced(images)
    assert found.shape == (2, 66, 66, 3)
    np.testing.assert_array_equal(found[1, 4, 5], images[1, 12:15, 15:18].mean(axis=(0, 1)).round())
    small = images[:, :50, :50]
    assert trajectories.reduced(small) is small


def test_the_forward_process_begins_with_the_image_and_ends_in_noise() -> None:
    images = np.full((6, 8, 8, 1), 200, np.uint8)
    real = ImageSet(images, np.array([0, 0, 0, 1, 1, 1]), np.arange(6))
    found = forward.noised(real, alpha_bar("cosine", 100), 2)
    assert found.shape == (2, 6, 8, 8, 1)
    np.testing.assert_array_equal(found[:, 0], images[:2])
    spread = found.std(axis=(0, 2, 3, 4))
    assert spread[0] == 0
    assert (np.diff(spread)[:4] > 0).all()


def made_up(psnr: np.ndarray, energy: np.ndarray, right: np.ndarray, labels: np.ndarray) -> Course:
    """A course whose judge names the class asked for where it is right, and another one elsewhere."""
    steps, count = right.shape
    named = np.where(right, labels, (labels + 1) % 10)
    said = np.log(np.full((steps, count, 10), 0.01) + 0.9 * np.eye(10)[named])
    blank = np.zeros((steps, 0, 8, 8, 1), np.uint8)
    return Course(
        psnr,
        np.ones((steps, count)),
        energy,
        np.ones((count, energy.shape[2])),
        {NOISY: said, CLEAN: said},
        {NOISY: blank, CLEAN: blank},
        np.zeros((count, 8, 8, 1), np.uint8),
        {},
    )


@pytest.fixture
def known() -> tuple[Course, np.ndarray]:
    """100 images of ten classes in 50 steps. Those of 5 and 8 are recognised after 80 % of the process, all others
    after 60 %; the coarse band is there after 20 %, the fine one after 90 %; PSNR rises in the last ten steps alone."""
    labels = np.arange(100) % 10
    step = np.arange(50)[:, None]
    right = step >= np.where(np.isin(labels, (5, 8)), 40, 30)
    energy = np.stack(np.broadcast_arrays(step >= 10, step >= 45), axis=-1).astype(float)
    psnr = np.maximum(step - 40, 0) + np.zeros((1, 100))
    return made_up(psnr, np.broadcast_to(energy, (50, 100, 2)), right, labels), labels


def test_recognition_bands_and_effects_are_what_they_are_known_to_be(known: tuple[Course, np.ndarray]) -> None:
    course, labels = known
    draws = bootstrap.draws(labels, 200, 0)
    table = ways.images(course, np.arange(100), labels)
    assert table["band_1"].unique() == pytest.approx([0.2])
    assert table["band_2"].unique() == pytest.approx([0.9])
    assert table.loc[table["label"] == 8, CLEAN].unique() == pytest.approx([0.8])
    assert table.loc[table["label"] == 3, CLEAN].unique() == pytest.approx([0.6])
    found = ways.findings(table, draws)
    assert found[f"recognised.{CLEAN}"]["value"] == pytest.approx(0.64)
    assert (found[f"recognised.{CLEAN}.8"]["value"], found[f"recognised.{CLEAN}.8"]["n"]) == (pytest.approx(0.8), 10)
    effects = ways.effects(course, table, [str(i) for i in range(10)], draws)
    assert effects[Trajectories.COARSE_FIRST]["value"] == pytest.approx(0.7)
    assert effects[Trajectories.SIMPLE_FIRST]["value"] == pytest.approx(0.2, abs=0.03)
    assert effects[Trajectories.RECOGNISED_BY_60_TO_70]["value"] == pytest.approx(0.04, abs=0.02)
    assert effects[Trajectories.RECOGNISED_BY_50_TO_70]["value"] == pytest.approx(0.06, abs=0.02)
    assert effects[Trajectories.NOISE_LEAVES_LATE]["value"] == pytest.approx(1.0)
    assert set(effects) == set(Trajectories)
    without = ways.effects(course, table, ["trousers"] * 10, draws)
    assert Trajectories.SIMPLE_FIRST not in without


def test_a_network_that_is_told_no_class_is_judged_by_its_finished_images(course: Course, seeds: np.ndarray) -> None:
    labels = seeds % 3
    np.testing.assert_array_equal(ways.asked_for(course, labels, True, judge), labels)
    np.testing.assert_array_equal(ways.asked_for(course, labels, False, None), labels)
    np.testing.assert_array_equal(ways.asked_for(course, labels, False, judge), judge(course.final).argmax(axis=1))


def test_a_step_s_row_says_how_many_are_recognised_and_what_the_judge_favours(known: tuple[Course, np.ndarray]) -> None:
    course, labels = known
    snr = {50 - i: float(i) for i in range(50)}
    table = ways.steps(course, labels, snr, bootstrap.draws(labels, 50, 0))
    assert table["done"].tolist() == pytest.approx([i / 50 for i in range(50)])
    assert table[f"{CLEAN}-right"].tolist() == pytest.approx([0.0] * 30 + [0.8] * 10 + [1.0] * 10)
    assert table.loc[49, f"{NOISY}-favourite"] == pytest.approx(0.1)
    assert (table["n"] == 100).all()


@pytest.mark.parametrize(
    ("likeness", "expected"),
    [
        ([0.0, 0.25, 0.75, 1.0], 0.4),
        ([0.6, 0.7, 0.8, 1.0], 0.0),
        ([0.0, 0.1, 0.2, 0.3], 1.0),
        ([0, 0.8, 0.2, 1], 0.65),
    ],
)
def test_half_is_decided_where_siblings_become_alike_for_good(likeness: list[float], expected: float) -> None:
    ssim = np.repeat(np.array(likeness)[:, None], 6, axis=1).astype(float)
    found = ways.Branching([10, 7, 5, 1], ssim, None, np.zeros(0))
    decided = ways.decided(found, np.zeros(6), 10, bootstrap.draws(np.zeros(6), 50, 0))
    assert decided["value"] == pytest.approx(expected)
    table = ways.branches(
        found, np.zeros(6), dict.fromkeys([10, 7, 5, 1], 0.0), 10, bootstrap.draws(np.zeros(6), 50, 0)
    )
    assert table["likeness"].tolist() == pytest.approx(likeness)
    assert "kept" not in table


def test_the_schedules_are_the_known_ones_beside_the_subject_s_own() -> None:
    own = alpha_bar("linear", 100)
    table = ways.schedules(own)
    rows = {name: of.reset_index(drop=True) for name, of in table.groupby("schedule")}
    np.testing.assert_allclose(rows["own"]["beta"], rows["linear"]["beta"], rtol=1e-6)
    np.testing.assert_allclose(np.cumprod(1 - rows["cosine"]["beta"]), alpha_bar("cosine", 100), rtol=1e-6)
    assert abs(rows["own"]["snr_db"].diff().iloc[1:].max()) > 0
