"""Every layer is seen at the steps that were asked for, as it is computed; what is kept of it is what it gives."""

import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.anatomy import feature_maps, representations
from pipeline.anatomy.feature_maps import Album, Look
from pipeline.anatomy.layers import layers
from pipeline.anatomy.parts import recording
from pipeline.anatomy.shades import shades
from pipeline.anatomy.sweep import Loop
from pipeline.judges import bootstrap

WANTED = [Look(0.4, 4, 400), Look(1.0, 6, 999)]
Kept = dict[tuple[str, int], dict[str, np.ndarray]]


@pytest.fixture
def seen(loop: Loop, seeds: np.ndarray) -> tuple[Album, Kept]:
    """Five images in batches of four, three of them shown."""
    album = Album([0, 5], 6)
    return album, look(loop, seeds, album, 3)


def look(loop: Loop, seeds: np.ndarray, album: Album, shown: int) -> Kept:
    kept: Kept = defaultdict(dict)

    @contextmanager
    def keeping(time: str, seed: int) -> Iterator[Callable[[str, np.ndarray], None]]:
        yield kept[time, seed].__setitem__

    feature_maps.look(loop, seeds, loop.subject.labels(seeds), WANTED, shown, album, keeping)
    return kept


def by_hand(loop: Loop, seed: int, one: Look) -> dict[str, torch.Tensor]:
    """What each layer gives for one image at a step, in a call of its own; with guidance, for its prompt."""
    alone = np.repeat(seed, 4)
    labels = loop.subject.labels(alone)
    x = next(moment.x for moment in loop.walk(loop.untouched, alone, labels) if moment.action.k == one.k)
    with torch.inference_mode(), recording(loop.subject.model, layers(loop.subject.model)) as recorded:
        loop.subject.predict(loop.subject.model, x, one.t, torch.from_numpy(labels))
    return {name: output[0].clone() for name, output in recorded.items()}


def hooks(model: torch.nn.Module) -> int:
    return sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in model.modules())


def test_what_is_kept_is_what_each_layer_gives_whatever_shares_a_batch(loop: Loop, seeds, seen) -> None:
    album, kept = seen
    assert set(kept) == {(one.name, int(seed)) for one in WANTED for seed in seeds[:3]}
    names = [unit.name for unit in layers(loop.subject.model)]
    table = pd.DataFrame(album.images).set_index(["time", "layer", "seed"])
    assert len(table) == len(WANTED) * len(names) * len(seeds)
    for one in WANTED:
        for seed in seeds:
            expected = by_hand(loop, seed, one)
            for name in names:
                maps = expected[name].numpy()
                if seed in seeds[:3]:
                    np.testing.assert_array_equal(kept[one.name, int(seed)][name], maps)
                row = table.loc[one.name, name, seed]
                assert row["smoothness"] == representations.smoothness(maps[None])
                assert row["fine"] == representations.fine(maps[None])
    assert hooks(loop.subject.model) == 0


def test_pictures_are_the_kept_maps_each_on_its_own_scale(seen) -> None:
    album, kept = seen
    arrays = album.arrays([one.name for one in WANTED])
    assert arrays["x0"].shape[:2] == (2, 3)
    for name in kept["t100", 40]:
        channels = arrays[f"{name}.channels"]
        assert arrays[name].shape[:3] == (2, 3, len(channels))
        assert {0, 5} <= set(channels.tolist())
        for j, channel in enumerate(channels):
            np.testing.assert_array_equal(arrays[name][1, 2, j], shades(kept["t100", 42][name][channel]))


def test_the_table_s_numbers_are_those_of_the_images(loop: Loop, seeds, seen) -> None:
    album, _ = seen
    draws = bootstrap.draws(np.zeros(5), 200, 0)
    table = feature_maps.table(album, WANTED, draws)
    names = [unit.name for unit in layers(loop.subject.model)]
    assert table["layer"].tolist() == 2 * names
    assert table["place"].tolist() == 2 * list(range(len(names)))
    assert table["k"].tolist() == [4] * len(names) + [6] * len(names)
    images = pd.DataFrame(album.images)
    means = images.groupby(["time", "layer"])["fine"].mean()
    row = table.set_index(["time", "layer"]).loc["t040", "block_02"]
    assert row["fine"] == pytest.approx(means["t040", "block_02"])
    assert row["fine_low"] < row["fine"] < row["fine_high"]
    assert (table["idle"] == 0).all()
    assert set(table["n"]) == {5}


def made_up() -> pd.DataFrame:
    """Smoother by 0.2 in the encoder, and as before in the decoder, each seed at its own level."""
    rows = [
        {"time": time, "layer": layer, "seed": seed, "fine": 0.5, "smoothness": 0.1 * seed + rise}
        for time in ("t025", "t100")
        for layer, rise in (("skip_01", 0.2 * (time == "t025")), ("block_01", 0.0))
        for seed in range(6)
    ]
    return pd.DataFrame(rows)


def test_changes_are_paired_by_seed() -> None:
    found = feature_maps.findings(made_up().sample(frac=1, random_state=0), bootstrap.draws(np.zeros(6), 200, 0))
    assert found["t100.mean.smoothness"]["value"] == pytest.approx(0.25)
    assert found["t025.mean.smoothness"]["value"] == pytest.approx(0.35)
    assert np.ptp(found["t025.mean.smoothness"]["ci95"]) > 0.1, "seeds differ"
    for name, rise in (("", 0.1), (".encoder", 0.2), (".decoder", 0.0)):
        change = found[f"change.smoothness{name}"]
        assert [change["value"], *change["ci95"]] == pytest.approx([rise] * 3), "and yet all change alike"
    alone = made_up().query("time == 't025'")
    assert not [name for name in feature_maps.findings(alone, bootstrap.draws(np.zeros(6), 9, 0)) if "change" in name]


def test_a_channel_that_gives_one_value_everywhere_is_idle() -> None:
    album = Album([0], 6)
    maps = np.random.default_rng(0).random((2, 4, 8, 8), dtype=np.float32)
    maps[:, 1] = 3.0
    maps[0, 2], maps[1, 2] = 1.0, 2.0
    album.add("t100", "skip_01", maps[:1], [7], [])
    album.add("t100", "skip_01", maps[1:], [8], [])
    table = feature_maps.table(album, [Look(1.0, 1, 9)], bootstrap.draws(np.zeros(2), 9, 0))
    assert table["idle"].tolist() == [0.25], "one that differs between images is not"
    assert table["resolution"].tolist() == [8]


@pytest.mark.parametrize(
    ("shares", "timesteps", "expected"),
    [
        ([0.25, 0.5, 0.75, 1.0], list(range(999, -1, -1)), [249, 499, 749, 999]),
        ([1.0, 0.25], [999, 749, 499, 249, 0], [249, 999]),
        ([0.25, 0.5, 0.75, 1.0], [999, 666, 333, 0], [0, 333, 666, 999]),
        ([0.01, 0.02], [900, 800], [800, 900]),
    ],
)
def test_each_time_has_a_step_of_its_own_as_near_as_there_is_one(shares, timesteps, expected) -> None:
    found = feature_maps.looks(shares, timesteps, 1000)
    assert [one.t for one in found] == expected
    assert [one.share for one in found] == sorted(shares)
    assert [timesteps[len(timesteps) - one.k] for one in found] == expected


@pytest.mark.parametrize(
    ("channels", "width", "expected"),
    [
        ([0, 1], 4, [0, 1, 2, 3]),
        ([0, 1], 40, [0, 1, 2, 14, 27, 39]),
        ([5], 40, [0, 5, 11, 20, 29, 39]),
        ([3, 9], 4, [0, 1, 2, 3]),
    ],
)
def test_the_chosen_channels_are_pictured_and_others_evenly_between(channels, width, expected) -> None:
    assert feature_maps.pictured(channels, width, 6) == expected


def test_shades_go_from_the_lowest_value_to_the_highest() -> None:
    maps = np.linspace(-3, 5, 101).reshape(1, 101)
    found = shades(maps)[0]
    assert (found[:2].tolist(), found[-2:].tolist()) == ([0, 0], [255, 255])
    assert abs(int(found[50]) - 128) <= 1
    assert (np.diff(found.astype(int)) >= 0).all()
    assert (shades(np.full((4, 4), 7.0)) == 0).all()


class Watched(Album):
    """An album that sees whether the maps of the layers before are still held when the next ones come."""

    def add(self, time: str, layer: str, maps: np.ndarray, *more: object) -> None:
        held = vars(self).setdefault("held", [])
        assert all(earlier() is None for earlier in held), layer
        held.append(weakref.ref(maps))
        super().add(time, layer, maps, *more)


def test_the_maps_of_one_layer_at_a_time_are_held(plain: Loop, seeds) -> None:
    album = Watched([0], 6)
    feature_maps.look(plain, seeds, seeds % 3, WANTED, 3, album, lambda *_: nullcontext(lambda *_: None))
    assert len(vars(album)["held"]) == 2 * 2 * len(layers(plain.subject.model))


def test_no_hook_stays_after_an_error(plain: Loop, seeds) -> None:
    model, within = plain.subject.model, []

    @contextmanager
    def keeping(_time: str, _seed: int) -> Iterator[Callable[[str, np.ndarray], None]]:
        def write(_layer: str, _maps: np.ndarray) -> None:
            within.append(hooks(model))
            raise KeyboardInterrupt

        yield write

    with pytest.raises(KeyboardInterrupt):
        feature_maps.look(plain, seeds, seeds % 3, WANTED, 1, Album([0], 6), keeping)
    assert (within, hooks(model)) == ([len(layers(model))], 0)
