"""Looking at three networks: what each gets, who is compared with whom, and what a skip is worth."""

import numpy as np
import pytest
import torch

from pipeline.anatomy import looked
from pipeline.anatomy.layered import COMPOSITE, DENOISER, FLOOR, FRESH, MEASURES, SEED, SEGMENTER
from pipeline.anatomy.looked import Look, Seen
from pipeline.diffusion.schedule import add_noise, alpha_bar
from pipeline.params import UNet
from pipeline.segmentation import network
from tests.conftest import TINY

LEVELS = alpha_bar("cosine", 1000)
COUNT = 24  # images, eight of each of three classes


@pytest.fixture
def seen() -> Seen:
    labels, rng = np.arange(COUNT) % 3, np.random.default_rng(0)
    masks = np.zeros((COUNT, 8, 8), bool)
    masks[:, 2:6, 2:5] = True
    images = np.where(masks[..., None], 200 + rng.integers(0, 50, (COUNT, 8, 8, 1)), 0).astype(np.uint8)
    composites = rng.integers(0, 255, images.shape, dtype=np.uint8), np.where(masks, 1 + labels[:, None, None], 0)
    return looked.see(images, masks, labels, composites, [0.5, 1.0], LEVELS, "v")


def test_every_class_is_in_both_halves_and_what_is_told_has_nothing_to_do_with_it(seen: Seen) -> None:
    for half in (seen.learn, ~seen.learn):
        assert np.bincount(seen.labels[half]).tolist() == [4, 4, 4]
        table = np.histogram2d(seen.labels[half], seen.unrelated[half], bins=[3, 3])[0]
        assert (table == table[0]).all(), "every class is told as often to every class"


def test_the_views_are_the_images_with_noise_and_the_composites(seen: Seen) -> None:
    assert list(seen.views) == ["t050", "t100", COMPOSITE]
    t, x, v = seen.views["t050"]
    assert t == 499
    level = LEVELS[499]
    eps = (x - level.sqrt() * seen.clean) / (1 - level).sqrt()
    torch.testing.assert_close(x, add_noise(seen.clean, eps, level.expand(COUNT)), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(v, (level.sqrt() * eps - (1 - level).sqrt() * seen.clean).float(), rtol=1e-3, atol=1e-3)
    assert float(eps.std()) == pytest.approx(1, abs=0.1)
    assert seen.views[COMPOSITE][0] == 0
    assert seen.views[COMPOSITE][2] is None


def test_a_look_measures_every_layer_and_the_class_is_not_read_off_what_was_told(seen: Seen, tiny) -> None:
    model = tiny().eval()
    with torch.no_grad():
        model.class_embedding.weight.mul_(100)  # whoever is told the class shows nothing else
    found = looked.look(model, seen, "t100", 10, 2)
    assert [row["layer"] for row in found.measures][:2] == ["skip_01", "skip_02"]
    assert all(set(MEASURES) < set(row) for row in found.measures)
    assert found.pictures.shape == (len(found.measures), 2, 8, 8)
    deepest = next(row for row in found.measures if row["layer"] == "middle_01")
    assert deepest["class_probe"] < 0.75
    told = Seen(**{**vars(seen), "unrelated": seen.labels})
    deepest = next(row for row in looked.look(model, told, "t100", 10, 2).measures if row["layer"] == "middle_01")
    assert deepest["class_probe"] == 1
    brief = looked.look(model, seen, "t100", 10, None)
    assert (brief.measures, brief.pictures) == ([], None)
    np.testing.assert_allclose(brief.likenesses["middle_01"], found.likenesses["middle_01"])


def test_every_network_is_compared_on_one_input_and_every_pair_of_seeds_once() -> None:
    def looks(seed: int) -> dict[str, Look]:
        rng = np.random.default_rng(seed)
        kernels = (rng.normal(size=(20, 5)) for _ in range(3))
        return {
            n: Look({"skip_01": k @ k.T}, [], None) for n, k in zip(("t050", "t100", COMPOSITE), kernels, strict=True)
        }

    seeds = [(0, 0, 6), (1, 4, 7), (2, 5, 8)]
    shown = [dict(zip((DENOISER, SEGMENTER, FRESH), map(looks, of), strict=True)) for of in seeds]
    rows = list(looked.compared(shown, [3, 5, 9]))
    per_view = {SEGMENTER: 3, FRESH: 3, FLOOR: 3, SEED: 3}
    for view in ("t050", "t100", COMPOSITE):
        for other, count in per_view.items():
            assert sum(row["view"] == view and row["other"] == other for row in rows) == count, (view, other)
    assert [row["replica"] for row in rows if (row["view"], row["other"]) == ("t050", "t100")] == [3, 5, 9]
    same = [row["cka"] for row in rows if row["replica"] == 3 and row["other"] == SEGMENTER]
    assert same == pytest.approx([1, 1, 1]), "on each input the two networks show the same"


def test_a_skip_that_nothing_is_told_by_is_worth_nothing(seen: Seen, tiny) -> None:
    segmenter = network.build(UNet(**TINY), 8, 1, 3, 0).eval()
    calls: list[int] = []
    deaf = tiny(skips=False).eval()
    rows = list(looked.worth(deaf, segmenter, seen, 9, 4, calls.append))
    of_denoiser = [row for row in rows if row["network"] == DENOISER]
    assert {row["worse"] for row in of_denoiser} == {0}
    assert len({row["finer"] for row in of_denoiser}) == 1
    assert of_denoiser[0]["finer"] < 0, "nothing changes, so nothing that is fine does"
    assert {row["view"] for row in of_denoiser} == {"t050", "t100"}
    assert [row["view"] for row in rows if row["network"] == SEGMENTER] == [COMPOSITE] * 4
    assert len(calls) == 3 * (1 + 4)
    hearing = list(looked.worth(tiny().eval(), segmenter, seen, 9, 4))
    assert all(row["worse"] != 0 for row in hearing if row["network"] == DENOISER)
