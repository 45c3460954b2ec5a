"""Nothing half-written is ever taken for whole."""

from pathlib import Path

import pytest

from pipeline.files import replacing


@pytest.mark.parametrize("folder", [False, True])
def test_an_error_leaves_the_old_one_and_no_rest(tmp_path: Path, folder: bool) -> None:
    target = tmp_path / "out"

    def write(text: str, fail: bool = False) -> None:
        with replacing(target) as unfinished:
            if folder:
                unfinished.mkdir()
            (unfinished / "file" if folder else unfinished).write_text(text)
            if fail:
                raise RuntimeError

    write("old")
    with pytest.raises(RuntimeError):
        write("half", fail=True)
    assert (target / "file" if folder else target).read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
    write("new")
    assert (target / "file" if folder else target).read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]
