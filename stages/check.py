"""check: say whether params.yaml is sound. It is the first stage, so an unsound file stops all before DVC clears
outputs."""

import argparse
from pathlib import Path

from pipeline import arguments, errors, params
from pipeline.files import replacing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument(
        "--out", type=arguments.out, required=True, help="folder for an empty file, which never changes"
    )
    args = parser.parse_args()
    params.load(args.params)
    with replacing(args.out) as folder:
        folder.mkdir()
        (folder / "sound").touch()


if __name__ == "__main__":
    errors.run(main)
