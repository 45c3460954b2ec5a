"""report: write all that the stages found as summary.json, figures and Markdown pages, and record it in MLflow."""

import argparse
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.orchestration import recording
from pipeline.reporting import report
from pipeline.reporting.study import Study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--outputs", type=Path, required=True, help="folder of the stages' outputs")
    parser.add_argument(
        "--out", type=arguments.out, required=True, help="folder for the pages, summary.json and figures"
    )
    args = parser.parse_args()
    values = params.load(args.params)
    report.write(Study(args.outputs, values), args.out)
    recording.record(args.outputs, args.out, values)


if __name__ == "__main__":
    errors.run(main)
