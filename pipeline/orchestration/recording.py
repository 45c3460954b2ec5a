"""The recording of finished results in MLflow from their files: a run per replica, a run per subject, and one of the
report.

A picture of one variant is a file with its name, and the pictures of one subject are in a folder with its name; all
others belong to the report. What is recorded already stays as it is.
"""

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.files import part, read_json
from pipeline.orchestration.tracking import RECORDED, WEIGHTS, Recorder, curve, flat, tags_of, title, weights_sha256
from pipeline.params import SUBJECT_STAGES, Params

SUBJECT, REPORT = "anatomy.subject", "anatomy.report"
BATCH = 900  # metrics in one call of MLflow, which takes at most 1,000
Metrics = dict[str, tuple[float, int]]  # name -> value and step


def record(outputs: Path, report: Path, values: Params) -> list[str] | None:
    """Complete or create every run whose results MLflow does not hold yet, and return the names of those recorded, or
    None where MLflow could not be used, which a warning has said.

    outputs: folder of the stages' outputs; report: folder of report.md, summary.json and figures. A training that DVC
    restored from its cache is recorded from its files.
    """
    recorder, done = Recorder(), list[str]()
    summary = read_json(report / "summary.json", "report")

    def attempt(name: str, act: Callable[[], bool]) -> None:
        if recorder.client is not None:
            with recorder.guarded("record"):
                if act():
                    done.append(name)

    for variant, replica in itertools.product(values.variants, values.replicas):
        name = f"{variant}-{replica}"
        attempt(name, lambda v=variant, r=replica: _training(recorder, outputs, report, values, v, r))  # type: ignore[misc]
    for subject in values.subjects:
        attempt(f"subject {subject}", lambda s=subject: _subject(recorder, report, values, summary, s))  # type: ignore[misc]
    attempt("report", lambda: _report(recorder, report, values))
    return None if recorder.client is None else done


def _training(recorder: Recorder, outputs: Path, report: Path, values: Params, variant: str, replica: int) -> bool:
    """Record a training's curve, metrics and pictures; return False where a run holds them already."""
    trained, drawn = (part(outputs / stage / variant, "log", replica) for stage in ("train", "sample"))
    evaluated = outputs / "evaluate" / variant / str(replica)
    numbers = read_json(evaluated / "metrics.json", "evaluate")
    weights = weights_sha256(part(outputs / "train" / variant, "model", replica))
    state = _digest(weights, (evaluated / "metrics.json").read_text())
    unfinished = [run for run in recorder.find(**{WEIGHTS: weights}) if RECORDED not in run.data.tags]
    curves = pd.read_csv(trained / "loss.csv")
    if unfinished:
        run_id = unfinished[0].info.run_id
    elif recorder.find(**{RECORDED: state}):
        return False
    else:
        run_id = recorder.create(
            title(values.report.folder, f"{variant}-{replica}"), **tags_of(variant, replica), **{WEIGHTS: weights}
        )
        costs = {
            name: value for name, value in read_json(trained / "costs.json", "train").items() if name != "architecture"
        }
        shown = values.model_dump(exclude={"variants"}) | {"unet": values.architecture(variant).model_dump()}
        recorder.batch(run_id, {}, flat(shown | {"costs": costs}))
        for row in curves.itertuples(index=False):
            recorder.batch(run_id, curve(row), {})  # type: ignore[arg-type]  # its columns are a Row's names
    timing, sampling = read_json(trained / "timing.json", "train"), read_json(drawn / "timing.json", "sample")
    metrics = _metrics({f"evaluate.{name}": number for name, number in numbers.items()})
    metrics["train.seconds"] = (timing["train_seconds"], 0)
    metrics["sample.seconds_per_image"] = (sampling["seconds"] / sampling["images"], 0)
    recorder.batch(run_id, metrics, {})
    end = int(curves["images_seen"].iloc[-1])
    for mark, found in read_json(evaluated / "snapshots.json", "evaluate").items():
        step = end if mark == "end" else int(mark)
        recorder.batch(run_id, {f"snapshots.{name}": (each["value"], step) for name, each in found.items()}, {})
    _close(recorder, run_id, state, sorted(report.glob(f"figures/*/{variant}.png")), report)
    return True


def _subject(recorder: Recorder, report: Path, values: Params, summary: dict[str, Any], subject: str) -> bool:
    """Record every number of a subject's chapters, its verdicts as tags, and its pictures; return False where a run
    holds them already, or where the subject has no numbers."""
    mine = {f"{stage}.{rest}": n for name, n in summary.items() for stage, rest in [_split(name, subject)] if rest}
    if not mine:
        return False
    state = _digest(subject, repr(sorted(mine.items())))
    if recorder.find(**{RECORDED: state}):
        return False
    run_id = recorder.create(title(values.report.folder, subject), **{SUBJECT: subject})
    shown = {name: getattr(values, name).model_dump() for name in (*SUBJECT_STAGES, "sampler", "diffusion")}
    recorder.batch(run_id, {}, flat(shown | {"subject": values.subjects[subject].model_dump()}))
    numbers = {name: number for name, number in mine.items() if "verdict" not in number}
    metrics = list(_metrics(numbers).items())
    for start in range(0, len(metrics), BATCH):
        recorder.batch(run_id, dict(metrics[start : start + BATCH]), {})
    for name, number in mine.items():
        if "verdict" in number:
            recorder.client.set_tag(run_id, name, number["verdict"])
    _close(recorder, run_id, state, sorted(report.glob(f"figures/*/{subject}/*.png")), report)
    return True


def _report(recorder: Recorder, report: Path, values: Params) -> bool:
    """Record the report's pages, its summary, and the pictures of no single variant or subject; return False where a
    run holds them already."""
    text = (report / "summary.json").read_text(encoding="utf-8")
    state = _digest("report", text)
    if recorder.find(**{RECORDED: state}):
        return False
    run_id = recorder.create(title(values.report.folder, "report"), **{REPORT: report.as_posix()})
    of_one = {f"{name}.png" for name in values.variants}
    shared = [path for path in sorted(report.glob("figures/*/*.png")) if path.name not in of_one]
    pages = [*sorted(report.glob("*.md")), report / "summary.json"]
    _close(recorder, run_id, state, [*pages, *shared], report)
    return True


def _split(name: str, subject: str) -> tuple[str, str]:
    """Return the first word of a dotted name, and what follows the subject's name in it, or an empty text where the
    name belongs to another subject."""
    first, _, rest = name.partition(".")
    begins = f"{subject}."
    return first, rest.removeprefix(begins) if rest.startswith(begins) and first in STAGES else ""


STAGES = (*SUBJECT_STAGES, "claims")  # what a subject's dotted names begin with


def _metrics(numbers: dict[str, dict[str, Any]]) -> Metrics:
    """Return each number's value, its n and, where it has an interval, the ends of it."""
    out: Metrics = {}
    for name, number in numbers.items():
        out |= {name: (number["value"], 0), f"{name}.n": (number["n"], 0)}
        out |= {f"{name}.{end}": (number["ci95"][i], 0) for i, end in enumerate(("low", "high")) if "ci95" in number}
    return out


def _close(recorder: Recorder, run_id: str, state: str, files: list[Path], report: Path) -> None:
    for path in files:
        parent = path.parent.relative_to(report).as_posix()
        recorder.client.log_artifact(run_id, str(path), None if parent == "." else parent)
    recorder.client.set_tag(run_id, RECORDED, state)
    recorder.client.set_terminated(run_id, "FINISHED")


def _digest(*parts: str) -> str:
    return hashlib.sha256("".join(parts).encode()).hexdigest()
