"""`anatomy check` and `anatomy record` say what is wrong or what is there, and change nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.orchestration import cli, profiles, recording
from pipeline.params import Params

ROOT = Path(__file__).parents[2]
TOY = "stages:\n  only: {cmd: echo 1 > a, params: [data], outs: [a]}\n"


@pytest.fixture
def toy(dvc: Path) -> Path:
    """The project's own params.yaml over a graph of one stage, as the current folder."""
    (dvc / "dvc.yaml").write_text(TOY)
    (dvc / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    return dvc


def anatomy(monkeypatch: pytest.MonkeyPatch, *command: str) -> None:
    monkeypatch.setattr(sys, "argv", ["anatomy", *command])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)  # pytest's own handlers stay
    cli.main()


def test_check_lists_what_would_run_until_it_has(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    anatomy(monkeypatch, "check")
    said = capsys.readouterr().out
    assert "params.yaml is sound: 6 variants (baseline, wide, " in said
    assert "only" in said.splitlines()[-1]
    subprocess.run([sys.executable, "-m", "dvc", "repro"], cwd=toy, check=True, capture_output=True)
    anatomy(monkeypatch, "check")
    assert capsys.readouterr().out.splitlines()[-1] == "Everything is up to date."


def test_a_network_that_is_told_captions_can_be_a_subject(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = profiles.apply((toy / "params.yaml").read_text(), "digits-text", ROOT / "profiles")
    assert "model: outputs/text/text/model," in text
    (toy / "params.yaml").write_text(text)
    anatomy(monkeypatch, "check")
    assert "params.yaml is sound: 3 variants (baseline, " in capsys.readouterr().out
    (toy / "params.yaml").write_text(text.replace("outputs/text/text/model,", "outputs/text/text/model/7,"))
    with pytest.raises(SystemExit, match=r"subjects\.text\.model is outputs/text/text/model/7, but what the stage"):
        anatomy(monkeypatch, "check")


def test_deps_writes_what_a_stage_imports_and_check_only_compares(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (toy / "stages").mkdir()
    (toy / "stages/only.py").write_text("")
    (toy / "dvc.yaml").write_text(TOY.replace("cmd: echo 1 > a", "cmd: python stages/only.py"))
    with pytest.raises(SystemExit, match="run `uv run anatomy deps`"):
        anatomy(monkeypatch, "deps", "--check")
    anatomy(monkeypatch, "deps")
    assert capsys.readouterr().out == "only: + stages/only.py\n"
    anatomy(monkeypatch, "deps", "--check")
    assert capsys.readouterr().out == "dvc.yaml lists the files that its stages import.\n"


def test_a_misspelt_key_is_one_sentence(toy: Path) -> None:
    text = (toy / "params.yaml").read_text()
    (toy / "params.yaml").write_text(text.replace("  image_size:", "  image_sise:"))
    command = [sys.executable, "-m", "pipeline.orchestration.cli", "check"]
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("error: params.yaml: ")
    assert "did you mean image_size?" in done.stderr


def test_an_interrupt_is_status_130(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "Graph", interrupted)
    with pytest.raises(SystemExit) as caught:
        anatomy(monkeypatch, "check")
    assert caught.value.code == 130


@pytest.mark.parametrize(("done", "said"), [(["wide-0"], "Recorded in MLflow: wide-0."), ([], "Nothing new to record")])
def test_record_hands_over_every_variant_with_its_architecture(
    toy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    done: list[str],
    said: str,
) -> None:
    def record(outputs: Path, report: Path, values: Params) -> list[str]:
        assert (outputs, report) == (Path("outputs"), Path("reports"))
        assert values.train.ema == 0.99
        assert values.replicas == [0, 1, 2]
        assert values.architecture("wide") == values.unet.model_copy(update={"channels": [32, 64, 64]})
        return done

    monkeypatch.setattr(recording, "record", record)
    anatomy(monkeypatch, "record")
    assert said in capsys.readouterr().out


def test_a_profile_is_shown_then_written_and_sound(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "profiles", toy / "profiles")
    before = (toy / "params.yaml").read_text()
    anatomy(monkeypatch, "profile", "tiny", "--show")
    shown = capsys.readouterr().out
    assert "+  image_size: 8 " in shown
    assert (toy / "params.yaml").read_text() == before, "--show writes nothing"
    anatomy(monkeypatch, "profile", "tiny")
    assert capsys.readouterr().out == shown
    anatomy(monkeypatch, "check")
    assert "2 variants (baseline, res_blocks_0)" in capsys.readouterr().out
    anatomy(monkeypatch, "profile", "tiny")
    assert capsys.readouterr().out == "params.yaml has profile tiny already.\n"
