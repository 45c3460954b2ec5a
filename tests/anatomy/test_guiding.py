"""Settings of guidance are drawn on shared steps as they would be alone, and counted; what was found is kept."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.anatomy import drawing, guided, guiding, policy
from pipeline.anatomy.guided import Guided, Setting
from pipeline.anatomy.sweep import Loop
from pipeline.diffusion.schedule import alpha_bar
from pipeline.diffusion.subject import Subject
from pipeline.judges import metrics, reference, second
from pipeline.judges.classifier import Classifier
from pipeline.judges.evaluation import Judges
from pipeline.judges.features import classifier_judge, extract
from pipeline.judges.recognition import log_probabilities
from pipeline.params import Bootstrap, Guidance

CHOSEN = Guidance(
    run=True,
    variant="baseline",
    replicas=2,
    scales=[0.0, 1.0, 1.5, 3.0],
    part_scale=3.0,
    parts=4,
    steps=8,
    seeds=6,
    shown=2,
    batch_size=4,
)
SEEDS = np.arange(6) + 40
RESAMPLING = Bootstrap(resamples=100, seed=0)


@pytest.fixture
def loop(tiny) -> Loop:
    model = tiny(drops_labels=True).eval()
    torch.nn.init.normal_(model.class_embedding.weight)
    under = Subject(model, "epsilon", alpha_bar("cosine", 1000), 3, guidance=3.0)
    return Loop(under, [999, 850, 700, 550, 400, 200, 50, 0], "ddpm", True, 4)


def test_the_settings_are_every_scale_and_every_part() -> None:
    settings = {each.name: each for each in guided.settings(CHOSEN)}
    assert list(settings)[:4] == ["scale_0", "scale_1", "scale_1_5", "scale_3"]
    scales = {name: [each.scale(place) for place in range(8)] for name, each in settings.items()}
    assert scales["scale_1_5"] == [1.5] * 8
    assert scales["guided_1"] == [3, 3, 1, 1, 1, 1, 1, 1]
    assert scales["guided_4"] == [1, 1, 1, 1, 1, 1, 3, 3]
    assert scales["guided_middle"] == [1, 1, 3, 3, 3, 3, 1, 1]
    assert scales["told_2"] == [0, 0, 1, 1, 0, 0, 0, 0]
    assert len({tuple(each) for each in scales.values()}) == len(settings) == 4 + 4 + 1 + 4
    assert guided.bounds(4, 6) == [0, 2, 3, 4, 6]


def test_settings_that_share_steps_are_drawn_as_they_would_be_alone(loop: Loop) -> None:
    settings, called = guided.settings(CHOSEN), list[int]()
    with loop.counting(called.append):
        drawn = guiding.draw(loop, settings, SEEDS, SEEDS % 3)
    assert list(drawn) == [each.name for each in settings]
    assert sum(called) == guiding.calls_per_seed(loop, settings) * len(SEEDS)
    in_parts, middle = 6 + 6 + 4 + 2, 4
    assert guiding.calls_per_seed(loop, settings) == 4 * 8 + in_parts + middle + in_parts
    for steps, each in guiding.plans(loop, settings).items():
        alone = loop.subject.images(loop.final(steps, SEEDS[:4], SEEDS[:4] % 3))
        assert np.abs(alone.astype(int) - drawn[each.name][:4]).max() <= 1, each.name
    different = {images.tobytes() for images in drawn.values()}
    assert len(different) == len(drawn)


def test_without_guidance_the_images_are_those_of_the_plain_loop(loop: Loop) -> None:
    plain = Subject(loop.subject.model, "epsilon", loop.subject.alpha_bar, 3)
    asked = policy.plain(loop.timesteps, "ddpm", True)
    expected = drawing.draw(plain, asked, SEEDS[:4], SEEDS[:4] % 3, 4)
    found = guiding.draw(loop, [Setting("scale_1", 1, 1, 0, 8)], SEEDS[:4], SEEDS[:4] % 3)
    np.testing.assert_array_equal(found["scale_1"], expected)
    untold = Subject(plain.model, "epsilon", plain.alpha_bar, 3, guidance=0.0)
    found = guiding.draw(loop, [Setting("scale_0", 0, 0, 0, 8)], SEEDS[:4], SEEDS[:4] % 3)
    np.testing.assert_array_equal(found["scale_0"], drawing.draw(untold, asked, SEEDS[:4], SEEDS[:4] % 3, 4))


def test_guidance_costs_a_second_row_at_the_steps_where_it_is_on(loop: Loop) -> None:
    costs = guiding.costs(loop, guided.settings(CHOSEN)).set_index("name")
    assert costs["rows"].to_dict() == {
        **{"scale_0": 8, "scale_1": 8, "scale_1_5": 16, "scale_3": 16},
        **{"guided_1": 10, "guided_2": 10, "guided_3": 10, "guided_4": 10, "guided_middle": 12},
        **{"told_1": 8, "told_2": 8, "told_3": 8, "told_4": 8},
    }
    per_row = costs["multiply_adds"] / costs["rows"]
    np.testing.assert_allclose(per_row, per_row["scale_1"], rtol=0.01)


def test_what_was_found_is_kept_whole(loop: Loop, tmp_path: Path) -> None:
    torch.manual_seed(0)
    rng, labels = np.random.default_rng(0), np.arange(30) % 3
    real = rng.integers(0, 255, (30, 8, 8, 1), dtype=np.uint8)
    trained = Classifier(8, 1, [4], 4, 3).eval()
    eye = classifier_judge(trained)
    known = reference.choose(extract(eye, real, torch.device("cpu")), labels, 30)
    other = second.SVC().fit(real.reshape(30, -1) / 255, labels)
    judges = Judges(trained, other, eye, known, torch.device("cpu"))
    settings = guided.settings(CHOSEN)[:2]
    found = {each.name: guiding.judged(judges, real[:20], labels[:20], 3, RESAMPLING, {}) for each in settings}
    said, agreed = log_probabilities(trained, real[:20]), second.predict(other, real[:20])
    by_hand = metrics.trade(known.features[:20], labels[:20], said, agreed, known, eye, 3, RESAMPLING, {})
    assert found["scale_0"].numbers["fd_classifier"]["value"] == pytest.approx(
        by_hand.numbers["fd_classifier"]["value"], abs=1e-6
    )
    left = Guided(
        guiding.costs(loop, settings),
        {name: each.numbers for name, each in found.items()},
        {name: each.replicates for name, each in found.items()},
        {each.name: real[:2] for each in settings},
        labels[:2],
    )
    assert not guided.there(tmp_path)
    left.save(tmp_path / "0")
    assert guided.there(tmp_path)
    back = guided.load(tmp_path / "0")
    assert back.numbers == left.numbers
    assert back.settings.equals(left.settings)
    np.testing.assert_array_equal(back.labels, left.labels)
    np.testing.assert_array_equal(back.pictures["scale_1"], real[:2])
    np.testing.assert_allclose(back.replicates["scale_1"], left.replicates["scale_1"], rtol=1e-5)
