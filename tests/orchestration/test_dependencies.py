"""What a stage depends on follows from its imports, and is written into dvc.yaml in place."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.orchestration import dependencies
from pipeline.reporting.chapters import CHAPTERS

GRAPH = """\
# The graph.
stages:
  toy:
    cmd: >-
      python stages/toy.py --params params.yaml
      --out outputs/toy
    params: [data] # whole
    deps: # what it reads
      - stages/toy.py
      - pipeline/gone.py
      - pipeline/room/eager.py # at the top
      - outputs/check # data
      - outputs/prepare/train

    # One for each subject.
    outs:
      - outputs/toy: {cache: false}

  each:
    foreach: ${subjects}
    do:
      cmd: python stages/each.py --subject ${key}
      deps:
        - stages/each.py
        - ${item.model}

  shell:
    cmd: echo stage
    deps:
      - pipeline/kept.py
"""
FILES = {
    "dvc.yaml": GRAPH,
    "stages/toy.py": "from pipeline import params, walk\nfrom pipeline.progress import bar\n"
    "def main():\n    from pipeline.room.lazy import draw\n",
    "stages/each.py": "import pipeline.room.eager\nimport numpy\n",
    "stages/check.py": "from pipeline import params\n",
    "pipeline/__init__.py": "import os\n",
    "pipeline/walk.py": "from pipeline.room import chapters\n",
    "pipeline/progress.py": "from pipeline.unseen import x\n",
    "pipeline/unseen.py": "",
    "pipeline/errors.py": "",
    "pipeline/params/__init__.py": "from pipeline.params.load import load\n",
    "pipeline/params/load.py": "from pipeline import errors\n",
    "pipeline/room/__init__.py": '"""A room."""\n',
    "pipeline/room/chapters/__init__.py": '"""Chapters."""\nfrom pipeline.room.chapters import cost\nALL = (cost,)\n',
    "pipeline/room/chapters/cost.py": "",
    "pipeline/room/chapters/cost.md": "prose",
    "pipeline/room/chapters/other.md": "prose of no module that is reached",
    "pipeline/room/lazy.py": "from pipeline.room import eager as e\n",
    "pipeline/room/eager.py": "",
    "pipeline/room/eager.md.j2": "a template",
    "pipeline/room/eager_too.txt": "not its stem",
}
TOY = [
    "stages/toy.py",
    "pipeline/__init__.py",
    "pipeline/room/chapters/__init__.py",
    "pipeline/room/chapters/cost.md",
    "pipeline/room/chapters/cost.py",
    "pipeline/room/eager.md.j2",
    "pipeline/room/eager.py",
    "pipeline/room/lazy.py",
    "pipeline/walk.py",
]


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A project of two stages and a few modules."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_followed_are_lazy_imports_packages_with_code_and_files_beside_a_module(toy: Path) -> None:
    assert dependencies.closure("stages/toy.py", toy) == TOY


def test_the_parameters_own_code_is_the_check_s_alone(toy: Path) -> None:
    assert dependencies.closure("stages/check.py", toy) == [
        "stages/check.py",
        "pipeline/__init__.py",
        "pipeline/errors.py",
        "pipeline/params/__init__.py",
        "pipeline/params/load.py",
    ]


def test_the_lists_are_written_in_place_and_all_else_stays(toy: Path) -> None:
    said = dependencies.write(False, toy)
    assert said.splitlines()[0].startswith("toy: + pipeline/__init__.py, ")
    assert said.splitlines()[0].endswith(", - pipeline/gone.py")
    assert said.splitlines()[1:] == [
        "each: + pipeline/__init__.py, + pipeline/room/eager.md.j2, + pipeline/room/eager.py"
    ]
    expected = GRAPH.replace("      - pipeline/gone.py\n", "")
    listed = "".join(f"      - {file}{' # at the top' * file.endswith('eager.py')}\n" for file in TOY)
    expected = expected.replace("      - stages/toy.py\n      - pipeline/room/eager.py # at the top\n", listed)
    each = ["stages/each.py", "pipeline/__init__.py", "pipeline/room/eager.md.j2", "pipeline/room/eager.py"]
    expected = expected.replace("        - stages/each.py\n", "".join(f"        - {file}\n" for file in each))
    assert (toy / "dvc.yaml").read_text() == expected
    assert dependencies.write(False, toy) == "dvc.yaml lists the files that its stages import."
    assert (toy / "dvc.yaml").read_text() == expected, "twice changes nothing"


def test_to_check_writes_nothing_and_names_the_command(toy: Path) -> None:
    with pytest.raises(UserError, match=r"dvc\.yaml does not list .* run `uv run anatomy deps`"):
        dependencies.write(True, toy)
    assert (toy / "dvc.yaml").read_text() == GRAPH
    dependencies.write(False, toy)
    dependencies.write(True, toy)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages: [", "dvc.yaml is not YAML"),
        ("vars: []", "dvc.yaml holds no stages"),
        ("stages: {lost: {cmd: python stages/lost.py}}", "stage lost runs stages/lost.py, which is not there"),
    ],
)
def test_a_graph_that_cannot_be_read_is_a_sentence(toy: Path, text: str, said: str) -> None:
    (toy / "dvc.yaml").write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        dependencies.write(False, toy)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_graph_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run this from the project's folder"):
        dependencies.write(False, tmp_path)


def test_the_report_has_an_output_for_every_chapter_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/report.py").write_text("")
    text = "stages:\n  report:\n    cmd: python stages/report.py\n    deps:\n      - stages/report.py\n    outs:\n"
    for page in ("report", "gone", "cost"):
        text += f"      - ${{report.folder}}/{page}.md: {{cache: false}}\n"
    text += "      - ${report.folder}/figures: {cache: false}\n"
    after, changes = dependencies.rewritten(text, tmp_path)
    listed = [line.split("/")[1].split(":")[0] for line in after.splitlines() if "${report.folder}" in line]
    assert listed == ["report.md", *(f"{chapter.NAME}.md" for chapter in CHAPTERS), "figures"]
    assert "- ${report.folder}/gone.md" in changes["report"]
    assert dependencies.rewritten(after, tmp_path)[1] == {}
