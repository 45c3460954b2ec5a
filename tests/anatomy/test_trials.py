"""A cell's images are those of doing it alone, and a finished one is never done again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.anatomy import cells
from pipeline.anatomy.cells import Cell
from pipeline.anatomy.sweep import Loop
from pipeline.anatomy.trials import Trials
from pipeline.judges import similarity
from pipeline.judges.number import MOST_PSNR

TIMESTEPS = [999, 600, 250, 60, 0]
ALONE = [
    Cell("duration", 4, 2, 1),
    Cell("relax", 5, 1, 2, 1),
    Cell("skip", 4, 2, 1),
    Cell("skip", 2, 2, 3, fill="cache"),
]


@pytest.fixture
def some(chosen) -> list[Cell]:
    """Cells of every sweep at three starts, with both fills."""
    return [*cells.first(chosen(skips=2, blocks=[2], jumps=[1, 3]), 5, 4), *ALONE]


FEW = [Cell("end", 3), Cell("jump", 4, 1), Cell("jump", 4, 3), Cell("jump", 2, 2), Cell("blocks", 2, 2, 2),
       Cell("blocks", 4, 2, 2), Cell("blocks", 4, 2, 2, fill="cache"), Cell("skips", 4, 2, 2)]  # fmt: skip


@pytest.fixture
def trials(variant, seeds, tmp_path: Path) -> Callable[..., Trials]:
    """trials(expected): started, on the same subject, seeds and store."""
    made = variant()

    def make(expected: list[Cell], sees: Callable | None = None) -> Trials:
        started = Trials(Loop(made, TIMESTEPS, "ddpm", True, 4), seeds, seeds % 3, sees, 2, tmp_path / "store")
        started.start(expected)
        return started

    return make


def told(trials: Trials, some: list[Cell]) -> int:
    """How many images the network is called on when these cells are done."""
    counted: list[int] = []
    trials.loop.called = counted.append
    assert set(trials.run(some)) == set(some)
    return sum(counted)


def test_every_cell_is_what_it_would_be_alone_from_pure_noise(trials, some, seeds) -> None:
    together = trials(some)
    list(together.run(some))
    assert set(together.found) == set(some)
    for cell in some:
        images = together.loop.subject.images(together.loop.final(together.plan(cell), seeds, seeds % 3))
        found = together.found[cell]
        np.testing.assert_allclose(found["ssim"], similarity.ssim(images, together.untouched), atol=1e-5)
        np.testing.assert_allclose(found["psnr"], similarity.psnr(images, together.untouched), atol=1e-3)
        np.testing.assert_array_equal(found["images"], images[:2])
    same = [cell for cell in some if (cell.sweep, cell.n) == ("jump", 1) or (cell.sweep, cell.start) == ("end", 1)]
    changed = [float(together.found[cell]["ssim"].mean()) for cell in some if cell not in same]
    assert max(changed) < 1


def test_an_untouched_cell_is_the_untouched_image(trials, seeds) -> None:
    same = Cell("jump", 4, 1)
    made = trials([same])
    assert told(made, [same]) == 0
    assert (made.found[same]["ssim"] == 1).all()
    assert (made.found[same]["psnr"] == MOST_PSNR).all()
    assert "kept" not in made.found[same], "nobody was asked"
    plain = made.loop.final(made.loop.untouched, seeds, seeds % 3)
    np.testing.assert_array_equal(made.untouched, made.loop.subject.images(plain))


def test_an_early_end_is_the_clean_image_predicted_there(trials, seeds) -> None:
    end = Cell("end", 3)
    made = trials([end])
    assert told(made, [end]) == 0, "it was predicted on the untouched run"
    predicted = {moment.action.k: moment.x0 for moment in made.loop.walk(made.loop.untouched, seeds, seeds % 3)}
    np.testing.assert_array_equal(made.found[end]["images"], made.loop.subject.images(predicted[3])[:2])


def test_calls_says_how_many_images_are_to_come(trials, seeds) -> None:
    made = trials(FEW)
    expected = made.calls(FEW)
    assert expected > 0
    assert told(made, FEW) == expected * len(seeds)
    assert made.calls(FEW) == 0


def test_a_finished_cell_is_taken_from_the_store(trials) -> None:
    first = trials(FEW)
    assert told(first, FEW) > 0
    again = trials(FEW)
    assert again.todo(FEW) == []
    assert told(again, FEW) == 0
    for cell in FEW:
        assert first.found[cell].keys() == again.found[cell].keys()
        assert all((first.found[cell][name] == again.found[cell][name]).all() for name in first.found[cell])


def test_after_a_lost_cell_only_its_tree_is_done_again_with_the_same_bytes(trials, seeds, tmp_path: Path) -> None:
    told(trials(FEW), FEW)
    files = {path: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    assert len(files) == len(FEW)
    lost = Cell("blocks", 4, 2, 2, fill="cache")
    path = tmp_path / "store" / f"{lost.name}.npz"
    path.unlink()
    again = trials(FEW)
    assert again.todo(FEW) == [lost]
    assert told(again, FEW) == 4 * len(seeds), "steps 4 to 1"
    assert {path: path.read_bytes() for path in (tmp_path / "store").iterdir()} == files


def test_a_plan_that_two_cells_share_is_done_once(trials, seeds) -> None:
    twins = [Cell("skips", 3, 1, 1), Cell("skip", 3, 1, 1), Cell("blocks", 3, 1, 2), Cell("duration", 3, 1, 2)]
    made = trials(twins)
    assert told(made, twins) == 2 * 3 * len(seeds)
    for one, other in (twins[:2], twins[2:]):
        np.testing.assert_array_equal(made.found[one]["images"], made.found[other]["images"])


def test_kept_is_whether_the_judge_sees_the_same_class(trials, seeds) -> None:
    def sees(images: np.ndarray) -> np.ndarray:
        return images.sum(axis=(1, 2, 3)) % 2

    some = [Cell("jump", 5, 4), Cell("jump", 4, 1)]
    made = trials(some, sees)
    list(made.run(some))
    images = made.loop.subject.images(made.loop.final(made.plan(some[0]), seeds, seeds % 3))
    assert set(made.found[some[0]]["kept"]) == {False, True}
    assert made.found[some[0]]["kept"].tolist() == (sees(images) == sees(made.untouched)).tolist()
    assert made.found[some[1]]["kept"].all()


def test_an_interrupted_run_keeps_what_was_done(trials, monkeypatch: pytest.MonkeyPatch) -> None:
    made = trials(FEW)
    doing = made.run(FEW)
    done = {next(doing) for _ in range(len(FEW) // 2)}
    with monkeypatch.context() as patched:
        patched.setattr("numpy.savez", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(doing)
    again = trials(FEW)
    assert set(again.todo(FEW)) == set(FEW) - done
    assert all(path.suffix == ".npz" for path in made.store.iterdir())


def interrupted(*_args: object, **_kwargs: object) -> None:
    raise KeyboardInterrupt
