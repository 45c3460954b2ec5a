"""check: is params.yaml sound? The first of all stages: an unsound one stops everything before anything is cleared."""

import argparse
from pathlib import Path

from pipeline import errors, params
from pipeline.files import write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of a file that never changes")
    args = parser.parse_args()
    params.load(args.params)
    write_json(args.out / "params.json", {"sound": True})


if __name__ == "__main__":
    errors.run(main)
