"""summary.json: every number that the report prints, by its dotted name, which is its address in a tree."""

import json
from pathlib import Path

from pipeline.errors import UserError
from pipeline.judges.number import Number

Summary = dict[str, Number]


def load(folder: Path) -> Summary:
    """Read the summary.json in the folder of a report; what is no report is a `UserError`."""
    file = folder / "summary.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{folder} is no folder of a report: its summary.json cannot be read ({error}).") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{file} is not JSON ({error}); `uv run dvc repro` makes it again.") from None
    if not isinstance(found, dict) or not all(isinstance(n, dict) and {"value", "n"} <= set(n) for n in found.values()):
        raise UserError(f"{file} is no summary of a report, which has a value and an n under every name.")
    return found


def below(summary: Summary, *address: str) -> dict[str, Number]:
    """The numbers whose dotted name begins with the address, by what follows it."""
    begins = ".".join(address) + "."
    return {name.removeprefix(begins): number for name, number in summary.items() if name.startswith(begins)}


def children(summary: Summary, *address: str) -> list[str]:
    """What comes next after the address in the numbers' dotted names, in order and once each."""
    return list(dict.fromkeys(name.split(".")[0] for name in below(summary, *address)))


def as_json(summary: Summary) -> str:
    """The summary as JSON with a line for each number, so that a change of one is a change of a line."""
    lines = (f"  {json.dumps(name)}: {json.dumps(number, allow_nan=False)}" for name, number in summary.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def networks(summary: Summary, of: str) -> int:
    """Return how many networks the numbers of a subject are over; of: the beginning of their names."""
    return max([len(number.get("replicas", [])) for name, number in summary.items() if name.startswith(f"{of}.")] + [1])


def over_networks(summary: Summary, of: str) -> str:
    """Return what a chapter says of a subject that has several networks, as sentences, and nothing of a single one."""
    count = networks(summary, of)
    if count < 2:
        return ""
    return (
        f"All numbers and curves are over {count} networks, the same but for their training seed, each on images of "
        "its own; n counts the images of all. An interval is Student's over the networks, and never narrower than the "
        "images alone make it. Pictures are of the first network."
    )
