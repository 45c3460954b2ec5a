"""The times of a run: how much of every stage is start-up, reading and writing, and how much is its own work.

The whole of `dvc repro` runs in a fresh clone of a commit, and every stage's process is timed from inside: importing
modules, reading and writing files, recording in MLflow, and all the rest, which is the stage's own work. The time
between the stages is DVC's. Training, sampling, sweeping and evaluating are what a run is for; everything else is
overhead, and this benchmark prints its share of the run.

    uv run python benchmarks/startup.py --out reports/benchmarks/startup-cpu.json
"""

import argparse
import atexit
import functools
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
FOLDER = "ANATOMY_WATCH"  # names the folder that watched processes leave their times in
KINDS = ("start", "imports", "reading", "work", "recording", "writing", "end")
WORKING = (  # the stages that a run is for
    *("judges", "floor", "train", "sample", "evaluate"),
    *("trajectory", "growth", "feature_maps", "intervene", "shortcut", "saliency", "timesteps"),
    *("segment", "layers", "embedding", "clip", "scores", "selection", "guidance", "text"),
)
HOOK = f"import sys; sys.path.insert(0, {str(HERE.parent)!r}); import startup; sys.path.pop(0); startup.watch()"

LEAVES: dict[str, dict[str, list[str]]] = {  # module -> kind -> its functions that are timed; dotted: of a class
    "numpy": {"reading": ["load"], "writing": ["save", "savez"]},
    "pandas": {"reading": ["read_csv"], "writing": ["DataFrame.to_csv"]},
    "safetensors.torch": {"reading": ["load_file"], "writing": ["save_file"]},
    "diffusers.configuration_utils": {"reading": ["ConfigMixin.load_config"]},
    "diffusers.models.modeling_utils": {"writing": ["ModelMixin.save_pretrained"]},
    "matplotlib.figure": {"writing": ["Figure.savefig"]},
    "shutil": {"writing": ["copy", "rmtree"]},
    "pipeline.params": {"reading": ["load"]},
    "pipeline.files": {"reading": ["read_json"], "writing": ["write_json", "write_text", "replacing"]},
    "pipeline.orchestration.tracking": {
        "recording": ["Recorder.__init__", "Live.log", "Live.finish", "live", "record"],
    },
}


class Clock:
    """Seconds by kind; every moment counts for one kind alone. Importing counts as importing wherever it happens;
    otherwise the outer of two kinds counts."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(KINDS, 0.0)
        self.kinds, self.since = ["work"], time.perf_counter()

    def enter(self, kind: str) -> None:
        now, current = time.perf_counter(), self.kinds[-1]
        self.seconds[current] += now - self.since
        self.since = now
        self.kinds.append(kind if "imports" in (kind, current) or current == "work" else current)
        if current == "imports":
            self.kinds[-1] = "imports"

    def leave(self) -> None:
        now = time.perf_counter()
        self.seconds[self.kinds.pop()] += now - self.since
        self.since = now

    def around(self, kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed; for a context manager entering and leaving are timed, and not the block."""

        @functools.wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.enter(kind)
            try:
                out = call(*args, **kwargs)
            finally:
                self.leave()
            return Timed(self, kind, out) if type(out).__name__ == "_GeneratorContextManager" else out

        return timed


class Timed:
    """A context manager whose entrance and exit are timed."""

    def __init__(self, clock: Clock, kind: str, inner: Any) -> None:
        self.enter, self.exit = clock.around(kind, inner.__enter__), clock.around(kind, inner.__exit__)

    def __enter__(self) -> Any:
        return self.enter()

    def __exit__(self, *error: Any) -> Any:
        return self.exit(*error)


def watch() -> None:
    """Time this process, if it is a stage's; its times are written when it ends."""
    words = sys.orig_argv[1:]
    if FOLDER not in os.environ or not words or Path(words[0]).parent.name != "stages":
        return
    clock, born = Clock(), _born()
    clock.seconds["start"] = time.time() - born
    import _frozen_importlib as frozen

    find_and_load = frozen._find_and_load  # type: ignore[attr-defined]  # what every import of a new module comes to

    def timed(name: str, import_: Any) -> Any:
        clock.enter("imports")
        try:
            module = find_and_load(name, import_)
        finally:
            clock.leave()
        for kind, names in LEAVES.get(name, {}).items():
            for dotted in names:
                owner = functools.reduce(getattr, dotted.split(".")[:-1], sys.modules[name])
                last = dotted.split(".")[-1]
                if hasattr(owner, last) and not hasattr(getattr(owner, last), "__wrapped__"):
                    _patch(clock, kind, owner, last)
        return module

    frozen._find_and_load = timed  # type: ignore[attr-defined]

    def leave_word() -> None:
        clock.enter("end")
        clock.leave()
        left = {"command": words, "born": born, "ended": time.time(), "seconds": clock.seconds}
        (Path(os.environ[FOLDER]) / f"{os.getpid()}.json").write_text(json.dumps(left))

    atexit.register(leave_word)


def _patch(clock: Clock, kind: str, owner: Any, name: str) -> None:
    found = inspect.getattr_static(owner, name)
    if isinstance(found, classmethod):
        setattr(owner, name, classmethod(clock.around(kind, found.__func__)))
    else:
        setattr(owner, name, clock.around(kind, found))


def _born() -> float:
    """Return when this process was started, in seconds since the epoch."""
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    up = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - up + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def reproduce(revision: str, project: Path | None) -> tuple[float, list[dict[str, Any]]]:
    """Return the seconds of a whole `dvc repro` in a fresh clone of the revision, or with `--force` in a project's
    folder, and the times that its stages' processes wrote."""
    with tempfile.TemporaryDirectory() as folder:
        root, words, hook = (Path(folder) / name for name in ("project", "words", "hook"))
        words.mkdir()
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(HOOK)
        if project is None:
            subprocess.run(["git", "clone", "--quiet", HERE.parents[1], root], check=True)
            subprocess.run(["git", "checkout", "--quiet", revision], cwd=root, check=True)
        else:
            root = project.resolve()
        environment = {
            **os.environ,
            FOLDER: str(words),
            "PYTHONPATH": f"{hook}{os.pathsep}{root}",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
        }
        start = time.perf_counter()
        command = [sys.executable, "-m", "dvc", "repro", *(["--force"] if project else [])]
        subprocess.run(command, cwd=root, env=environment, check=True)
        seconds = time.perf_counter() - start
        return seconds, [json.loads(path.read_text()) for path in sorted(words.iterdir())]


def stage_of(command: list[str]) -> str:
    """Return the stage that a process ran: its script and, for a script with several outputs, its last folders."""
    name, out = Path(command[0]).stem, Path(command[command.index("--out") + 1])
    if out.name == "floor":
        return "floor"
    return name if name == out.name or name == "report" else f"{name}@{'-'.join(out.parts[2:])}"


def summarise(seconds: float, left: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the times of each stage and of the run. `end` is the time in which the interpreter ends, for which DVC
    waits."""
    stages: dict[str, dict[str, float]] = {}
    for each in sorted(left, key=lambda each: each["born"]):
        total = each["ended"] - each["born"]
        stages[stage_of(each["command"])] = {"total": total, **each["seconds"]}
    work = sum(times["work"] for name, times in stages.items() if name.split("@")[0] in WORKING)
    return {
        "seconds": seconds,
        "work_seconds": work,
        "overhead_seconds": seconds - work,
        "overhead_share": 1 - work / seconds,
        "between_stages_seconds": seconds - sum(times["total"] for times in stages.values()),
        "stages": {name: {kind: round(value, 3) for kind, value in times.items()} for name, times in stages.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Return a text with a row per stage, its shares in percent, and a sentence about the run."""
    lines = [f"{'stage':<26}{'total s':>8}" + "".join(f"{kind:>11}" for kind in KINDS)]
    for name, times in found["stages"].items():
        shares = "".join(f"{100 * times[kind] / times['total']:10.0f} %"[-11:] for kind in KINDS)
        lines.append(f"{name:<26}{times['total']:8.1f}{shares}")
    whole, work, rest, between = (found[f"{name}seconds"] for name in ("", "work_", "overhead_", "between_stages_"))
    lines.append(
        f"The run took {whole:.1f} s, of which {work:.1f} s went into training, sampling, sweeping and evaluating. "
        f"The other {rest:.1f} s, {100 * rest / whole:.1f} % of the run, are overhead; {between:.1f} s of them passed "
        "between the stages."
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--revision", default="HEAD", help="the commit whose default is run in a fresh clone")
    parser.add_argument("--project", type=Path, help="a project's folder to run in instead, every stage by force")
    parser.add_argument("--out", type=Path, required=True, help="file of the times, JSON")
    args = parser.parse_args()
    found = summarise(*reproduce(args.revision, args.project))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
