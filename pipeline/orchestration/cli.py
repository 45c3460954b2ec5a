"""The `anatomy` command: are the parameters sound, run everything as a flow, record what is there."""

import argparse
from pathlib import Path

from pipeline import errors, params
from pipeline.orchestration.graph import Graph

PARAMS = Path("params.yaml")


def check() -> None:
    """Say whether params.yaml is sound and what would run."""
    values = params.load(PARAMS)
    print(f"params.yaml is sound: {len(values.variants)} variants ({', '.join(values.variants)}).")
    stale = Graph().stale
    print(f"{len(stale)} stages would run: {', '.join(stale)}." if stale else "Everything is up to date.")


def run() -> None:
    """Bring everything up to date as a Prefect flow, then record it."""
    values = params.load(PARAMS)
    from pipeline.orchestration import flow  # a second and a half, which `check` need not wait for

    outcomes = flow.run(values.flow)
    for outcome in outcomes:
        print(f"{outcome.stage:<28} {outcome.seconds:7.1f} s  {'ran' if outcome.ran else 'unchanged or restored'}")
    print("Everything is up to date.")
    record()


def record() -> None:
    """Record in MLflow every variant that no run holds yet."""
    values = params.load(PARAMS)
    from pipeline.orchestration import tracking  # seconds of torch, which `check` need not wait for

    architectures = {name: values.architecture(name).model_dump() for name in values.variants}
    done = tracking.record(Path("outputs"), Path("reports/figures"), values.model_dump(), architectures)
    print(f"Recorded in MLflow: {', '.join(done)}." if done else "Nothing new to record in MLflow.")


COMMANDS = {"check": check, "run": run, "record": record}


def main() -> None:
    parser = argparse.ArgumentParser(prog="anatomy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__)
    errors.run(COMMANDS[parser.parse_args().command])


if __name__ == "__main__":
    main()
