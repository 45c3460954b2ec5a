"""The types of the stages' arguments, which refuse a value that no stage can use before anything is read."""

import math
from argparse import ArgumentTypeError
from pathlib import Path


def count(text: str) -> int:
    """Take a whole number from 1 on."""
    return _whole(text, 1, 10**9)


def seed(text: str) -> int:
    """Take a seed, a whole number from 0 to 2^31 - 1."""
    return _whole(text, 0, 2**31 - 1)


def scale(text: str) -> float:
    """Take a scale of guidance, a number from 0 to 1000."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1000:
        raise ArgumentTypeError(f"{text[:80]!r} is not a number from 0 to 1000")
    return value


def out(text: str) -> Path:
    """Take a folder to write to, which need not be there; its place must not be taken by a file."""
    path = Path(text)
    for place in (path, *path.parents):
        try:
            taken = place.exists() and not place.is_dir()
        except (OSError, ValueError) as error:
            raise ArgumentTypeError(f"{text[:80]!r} cannot be a folder ({error})") from None
        if taken:
            raise ArgumentTypeError(f"{place} is a file, and no folder can be written there")
    return path


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise ArgumentTypeError(f"{text[:80]!r} is not a whole number from {least} to {most}")
    return value
