"""One page over several reports, made of summaries whose verdicts are known."""

import json
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.orchestration import cli
from pipeline.reporting import overview
from tests import programs

SHARED = {"width_helps": "supported", "attention_matters": "contradicted"}


def report(folder: Path, title: str, seeds: int, data: str = "digits", **verdicts: str) -> None:
    """A report of a data set with these verdicts; one about the loop of the baseline has the name baseline__NAME."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(f"# {title}\n\nTrained on the 9 training images of the `{data}` set.\n")
    number = {"value": 2.0, "n": 50, "ci95": [1.0, 3.0]}
    own = {"replicas": [0.5] * seeds} if seeds > 1 else {}
    summary = {
        "train.baseline.loss": {**number, **own},
        "train.baseline.images": {"value": 1200, "n": 1},
        "train.baseline.seconds": {"value": 60.0, "n": seeds},
        "evaluate.baseline.fd_classifier": number,
    }
    summary |= {f"claims.{name.replace('__', '.')}": {**number, "verdict": said} for name, said in verdicts.items()}
    (folder / "summary.json").write_text(json.dumps(summary))


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    report(tmp_path, "Digits", 4, **SHARED, baseline__coarse_first="supported")
    report(tmp_path / "clothes", "Clothes", 3, "clothes", width_helps="supported", attention_matters="supported")
    report(tmp_path / "once", "Once", 1, width_helps="contradicted", old_name="supported")
    report(tmp_path / "others", "Others", 3, baseline__coarse_first="supported")
    (tmp_path / "figures").mkdir()
    return tmp_path


def test_every_report_has_a_column_and_every_claim_its_verdict_and_effect(reports: Path) -> None:
    page = overview.write(reports).read_text()
    lines = page.splitlines()
    assert next(line for line in lines if line.startswith("| claim")) == "| claim | default | clothes | once | others |"
    (width,) = [line for line in lines if line.startswith("| Twice the width gives better images")]
    cells = [cell.strip() for cell in width.split("|")[2:5]]
    effect = "<br>+2.00 [+1.00, +3.00] %"
    assert cells == [f"**supported**{effect}", f"**supported**{effect}", f"**one seed only**{effect}"]
    assert "## Claims about the sampling loop of `baseline`" in page
    assert "| [default](report.md) | Digits | 1 | 4 | 1,200 | 2.00 [1.00, 3.00] |" in page.replace("\u00a0", " ")
    assert "| [clothes](clothes/report.md) | Clothes |" in page
    assert "left out: `old_name`." in page, "nothing is dropped in silence"


def test_it_says_what_holds_everywhere_and_what_turns_with_the_data(reports: Path) -> None:
    page = overview.write(reports).read_text()
    assert "3 claims were looked at in 4 reports: 2 of the literature, and 1 that this project asks" in page
    assert "In at least one report 3 rows are supported, and 1 contradicted" in page
    assert "3 are decided in more than one report, and 2 of these alike in all" in page
    assert "; 2 are decided on more than one data set, and 1 of these alike on all" in page
    assert "in default and others: Coarse structure is there before fine texture. (`baseline`)" in page
    assert "- **supported** in default and clothes: Twice the width gives better images." in page
    (turned,) = [line for line in page.splitlines() if line.startswith("- Without attention")]
    assert "**contradicted** in default; **supported** in clothes" in turned


def test_a_single_report_has_nothing_to_agree_with(tmp_path: Path) -> None:
    report(tmp_path, "Digits", 4, **SHARED)
    page = overview.write(tmp_path).read_text()
    assert "No claim is decided in two of these reports with the same verdict." in page
    assert "No claim is decided in one way by one report and in another by the next." in page


def test_the_day_is_that_of_the_commit(reports: Path) -> None:
    assert overview.committed(reports / "summary.json") == "not yet"
    for command in ("init -q", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm start"):
        subprocess.run(["git", *command.split()], cwd=reports, check=True)
    asked = ["git", "log", "-1", "--format=%cs"]
    day = subprocess.run(asked, cwd=reports, check=True, capture_output=True, text=True).stdout.strip()
    assert overview.committed(reports / "summary.json") == day


def test_the_command_writes_the_page_and_refuses_a_folder_without_reports(reports: Path) -> None:
    done = programs.run(cli.main, "overview", ".", folder=reports)
    assert (done.returncode, done.stdout) == (0, "README.md sets the reports in . side by side.\n")
    assert (reports / "README.md").read_text() == overview.write(reports).read_text()
    refused = programs.run(cli.main, "overview", str(reports / "figures"), folder=reports)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "holds no report" in refused.stderr
    with pytest.raises(UserError, match="holds no report"):
        overview.write(reports / "figures")


def test_the_version_is_said(tmp_path: Path) -> None:
    assert programs.run(cli.main, "--version", folder=tmp_path).stdout.startswith("diffusion-anatomy 0.")
