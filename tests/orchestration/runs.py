"""A loss curve to record, and what MLflow holds of it."""

from dataclasses import dataclass

from pipeline.orchestration import tracking


@dataclass
class Row:
    images_seen: int
    train_loss: float
    validation_loss: float


ROWS = [Row(0, float("nan"), 1.0), Row(64, 0.5, 0.4), Row(128, 0.3, 0.2)]


def found(**tags: str) -> list:
    """MLflow's runs with these tags; with none given, those of the variant `wide`."""
    return tracking.Recorder().find(**(tags or {tracking.VARIANT: "wide"}))


def curve(run_id: str, name: str = "train.validation_loss") -> list[tuple[int, float]]:
    """A metric's steps and values."""
    points = tracking.Recorder().client.get_metric_history(run_id, name)
    return sorted((point.step, point.value) for point in points)
