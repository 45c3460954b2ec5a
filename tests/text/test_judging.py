"""What is drawn is what the captions ask for, and real images in its place are judged as what they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.anatomy.sweep import Loop
from pipeline.data.prepared import Prepared
from pipeline.judges import reference, second
from pipeline.judges.classifier import Classifier
from pipeline.judges.clip import Clip
from pipeline.judges.evaluated import SECOND
from pipeline.judges.evaluation import Judges
from pipeline.judges.features import classifier_judge, extract
from pipeline.params import Params
from pipeline.text import attended, judging
from pipeline.text.judging import Drawn
from tests.text.made import values_of


@pytest.fixture(scope="module")
def drawn(folder: Path, table: pd.DataFrame, dataset: Prepared, values: Params) -> tuple[Drawn, list[int]]:
    """What a network with fresh weights drew, and of how many images each call of it was."""
    calls: list[int] = []
    return judging.draw(judging.load(folder, table, values), table, dataset, values, 0, calls.append), calls


@pytest.fixture(scope="module")
def judges(dataset: Prepared) -> Judges:
    torch.manual_seed(0)
    trained, real = Classifier(8, 1, [8, 16], 16, 10).eval(), dataset.split("train")
    eye = classifier_judge(trained)
    known = reference.choose(extract(eye, real.images, torch.device("cpu")), real.labels, 500)
    return Judges(trained, second.learn(real, 500), eye, known, torch.device("cpu"))


def test_every_combination_is_drawn_in_turn_and_then_captions_of_real_images(drawn, table, dataset, values) -> None:
    found, calls = drawn
    assert found.grid == 90
    assert found.rows[:90].tolist() == list(range(90))
    assert len(found.rows) == len(found.seeds) == len(found.images) == 110
    assert len(set(found.seeds)) == 110
    assert sum(calls) == 110 * values.text.steps
    assert np.bincount(found.natural).tolist() == [2] * 10, "of all classes alike"
    asked = table.iloc[found.rows[90:]]
    assert asked["class"].tolist() == [dataset.classes[label] for label in found.natural]
    assert not asked["held_out"].any()
    everything, _ = judging.asked_for(table, dataset, values_of(text={"natural": 10**4}))
    said = table.set_index("caption").loc[dataset.captions("test")["caption"]]
    assert sorted(table["caption"].iloc[everything[90:]]) == sorted(said.index[~said["held_out"]])
    assert set(asked["caption"]) <= set(said.index)
    twice = judging.asked_for(table, dataset, values_of(text={"seeds": 2}))[0]
    assert twice.tolist() == [*range(90), *range(90), *found.rows[90:]]


def test_an_image_is_that_of_its_seed_and_caption(drawn, folder, table, dataset, values) -> None:
    found, _ = drawn
    subject = judging.load(folder, table, values)
    assert (subject.conditions, subject.guidance) == (90, 2.0)
    assert judging.timesteps(subject, values) == [999, 666, 333, 0]
    loop = Loop(subject, [999, 666, 333, 0], values.sampler.name, values.sampler.clip, values.text.batch_size)
    some = np.array([3, 57, 101])
    by_hand = subject.images(loop.final(loop.untouched, found.seeds[some], found.rows[some]))
    assert abs(by_hand.astype(int) - found.images[some])[:2].max() <= 1
    plain = Loop(replace(subject, guidance=1.0), loop.timesteps, loop.sampler, loop.clip, loop.batch_size)
    unguided = plain.subject.images(plain.final(plain.untouched, found.seeds[some], found.rows[some]))
    assert abs(unguided.astype(int) - found.images[some])[2].max() <= 1, "for captions of real images"
    assert not np.array_equal(unguided, by_hand)
    assert found.images.std() > 0
    other = judging.draw(subject, table, dataset, values, 1, lambda _: None)
    assert not set(other.seeds) & set(found.seeds), "another training seed, other noise"


def test_real_images_are_judged_as_what_they_are(drawn, table, dataset, values, judges, clip: Clip) -> None:
    """Real images, under their own captions, in the places of those that a network drew."""
    place = {caption: row for row, caption in enumerate(table["caption"])}
    images, captions = dataset.split("test"), dataset.captions("test")["caption"]
    rows = np.array([place[caption] for caption in captions])
    natural = images.labels[300:]
    real = replace(drawn[0], seeds=np.arange(450), rows=rows, natural=natural, images=images.images)
    found, summed = judging.judge(real, table, dataset, values, judges, clip)
    assert list(found.replicates) == list(found.numbers)
    assert len(found.replicates) == values.bootstrap.resamples
    for name in ("seen.slant", "seen.stroke", "held_out.slant", "held_out.stroke"):
        assert found.numbers[name]["value"] == 1
    held_out = table["held_out"].to_numpy()[rows[:300]]
    unseen = (table["trained"] == 0).to_numpy()[rows[:300]]
    assert found.numbers["held_out.all"]["n"] == held_out.sum()
    assert found.numbers["seen.all"]["n"] == 300 - held_out.sum() - unseen.sum()
    assert summed["n"].sum() == 300
    assert (summed["right_slant"].dropna() == 1).all()
    assert found.numbers[SECOND]["value"] > 0.9, "a judge that knows the digits knows these"
    assert found.numbers[SECOND]["n"] == found.numbers["clip_score"]["n"] == 150
    cosines = np.diag(clip.similarities(images.images[300:], captions[300:].tolist()))
    assert found.numbers["clip_score"]["value"] == pytest.approx(2.5 * np.clip(cosines, 0, None).mean(), rel=1e-4)
    noise = np.random.default_rng(0).integers(256, size=images.images.shape, dtype=np.uint8)
    of_noise, _ = judging.judge(replace(real, images=noise), table, dataset, values, judges, clip)
    for name in ("seen.slant", "seen.stroke", SECOND, "coverage"):
        assert of_noise.numbers[name]["value"] < found.numbers[name]["value"] - 0.2
    distance = judges.judge.frechet
    assert of_noise.numbers[distance]["value"] > 3 * found.numbers[distance]["value"]


def test_attention_is_of_images_that_were_drawn(drawn, table, values, clip: Clip) -> None:
    found, pictures, words = judging.attention(drawn[0], table, values, clip.processor.tokenizer)
    assert found["k"].unique().tolist() == [4, 3, 2, 1]
    assert found.groupby("k")["word"].apply(set).tolist() == [{"class", "slant", "stroke", "other"}] * 4
    assert (found["n"] == 5).all()
    assert (found.groupby("k")["share"].sum() < 1).all()
    assert {name: of.shape for name, of in pictures.items()} == {
        "final": (2, 8, 8, 1),
        "clean": (2, 3, 8, 8, 1),
        "attention": (2, 3, 3, 8, 8),
        "columns": (3,),
    }
    assert pictures["columns"].tolist() == [4, 2, 1]
    assert pictures["attention"].dtype == np.float32
    shown = [0, 89]  # the first and the last of five that are spread over the table
    assert abs(pictures["final"].astype(int) - drawn[0].images[shown]).max() <= 1, "in other batches"
    assert words == table[["class", "slant", "stroke"]].iloc[shown].to_numpy().tolist()
    loop = Loop(drawn[0].subject, [999, 666, 333, 0], values.sampler.name, values.sampler.clip, 10)
    some, kinds = np.array([0, 22, 44, 67, 89]), ["class", "slant", "stroke"]
    given = drawn[0].seeds[some], some, clip.processor.tokenizer, values.data.caption, table.iloc[some][kinds]
    followed = attended.follow(loop, *given)
    shares = found.set_index(["word", "k"])["share"]
    for place, kind in enumerate(kinds):
        maps = followed.maps[kind]
        np.testing.assert_allclose(
            pictures["attention"][:, place], maps[[0, 2, 3]][:, [0, 4]].swapaxes(0, 1), atol=1e-6
        )
        np.testing.assert_allclose(maps.mean(axis=(1, 2, 3)), shares[kind].to_numpy(), rtol=1e-4)
    np.testing.assert_array_equal(pictures["clean"], followed.clean[[0, 2, 3]][:, [0, 4]].swapaxes(0, 1))
