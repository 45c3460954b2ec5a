"""Made-up numbers."""

from pipeline.judges.number import p_value

OF_SUBJECTS = ("trajectory", "feature_maps", "intervene", "shortcut")  # chapters that are absent without subjects
UNSEEN = (
    "scores",
    "selection",
    "guidance",
    "text",
    "growth",
    "saliency",
    "timesteps",
    "layers",
    "embedding",
)  # those never made up here


def entry(value: float, half: float = 1.0, n: int = 9) -> dict:
    number = {"value": value, "n": n, "ci95": [value - half, value + half]}
    return {**number, "p": p_value(number)}


def replicated(number: dict) -> dict:
    return {**number, "replicas": [number["value"]] * 3}
