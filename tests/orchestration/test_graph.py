"""DVC's internal API does what the one wrapper around it needs, and its complaints are sentences."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.orchestration.graph import Graph

TOY = """
stages:
  first: {cmd: echo 1 > a, outs: [a]}
  left: {cmd: cat a extra > b, deps: [a, extra], outs: [b]}
  right: {cmd: cp a c, deps: [a], outs: [c]}
  last: {cmd: cat b c > d, deps: [b, c], outs: [d]}
"""
ORDERS = (["first", "left", "right", "last"], ["first", "right", "left", "last"])


@pytest.fixture
def toy(dvc: Path) -> Path:
    """A DVC project of four stages, as the current folder."""
    (dvc / "dvc.yaml").write_text(TOY)
    (dvc / "extra").write_text("e")
    return dvc


def run(root: Path, *args: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *args], cwd=root, check=True, capture_output=True)


def test_each_stage_comes_after_what_it_needs(toy: Path) -> None:
    graph = Graph()
    assert graph.dependencies == {"first": set(), "left": {"first"}, "right": {"first"}, "last": {"left", "right"}}
    assert list(graph.dependencies) in ORDERS


def test_stale_is_what_repro_would_run(toy: Path) -> None:
    assert Graph().stale in ORDERS, "nothing has run yet"
    run(toy, "repro")
    assert Graph().stale == []
    (toy / "extra").write_text("changed")
    assert Graph().stale == ["left", "last"], "what changed and what hangs on it"
    run(toy, "repro", "--single-item", "left")
    assert Graph().stale == ["last"]
    run(toy, "repro")
    (toy / "c").unlink()
    assert Graph().stale == ["right", "last"], "a lost output is made again"


BROKEN = {
    "not YAML": ("stages:\n  a: {cmd: [\n", "dvc.yaml"),
    "unknown key": ("stages:\n  a: {cmd: x, depps: [b]}\n", "dvc.yaml"),
    "a value that params.yaml lacks": ("stages:\n  a: {cmd: 'x ${nope}'}\n", "nope"),
    "one output, two stages": ("stages:\n  a: {cmd: x, outs: [o]}\n  b: {cmd: x, outs: [o]}\n", "'o'"),
    "a circle": (
        "stages:\n  a: {cmd: x, deps: [p], outs: [o]}\n  b: {cmd: x, deps: [o], outs: [p]}\n",
        "both a dependency",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_graph_that_cannot_be_read_is_one_sentence(toy: Path, case: str) -> None:
    text, word = BROKEN[case]
    (toy / "dvc.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        Graph()
    sentence = str(caught.value)
    assert word in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert not sentence.endswith("..")


def test_a_folder_without_dvc_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="DVC"):
        Graph()
