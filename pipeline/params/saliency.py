"""The section `saliency`: which part of its input a denoiser's prediction rests on, and whether to believe it."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Fraction, Section, Shares, check_shares

Several = Annotated[int, Field(ge=2, le=10**9)]


class Saliency(Section):
    """Which part of its input a denoiser's prediction rests on, and whether to believe it."""

    run: bool  # whether the stage does anything
    times: Shares  # the timesteps to look at; a step of its own is found for each, as near as there is one
    seeds: Several  # images of every network that the numbers are over
    shown: Annotated[int, Field(ge=1, le=8)]  # of these, images in the pictures
    masks: Annotated[int, Field(ge=32, le=10**6)]  # of DF-RISE, for each image and step
    cells: Annotated[int, Field(ge=2, le=256)]  # of a mask, per side of the image
    threshold: Annotated[float, Field(ge=-3, le=3)]  # a cell whose Gaussian value is above it is kept
    likeness: Literal["ssim", "structure"]  # by what two noises are compared
    layers: Literal["all"] | Annotated[list[str], Field(min_length=1)]  # those that DF-CAM looks into
    target: Literal["likeness", "sum"]  # whose gradient weights the channels of DF-CAM
    points: Annotated[int, Field(ge=2, le=200)]  # of the curves of insertion and deletion, beyond the first
    occlusion: Annotated[int, Field(ge=1, le=256)]  # pixels per side of the square that occlusion sets to 0
    gradient_steps: Annotated[int, Field(ge=2, le=1000)]  # of integrated gradients
    sanity_seeds: Several  # of the seeds, images that the sanity checks are over
    cascade: Annotated[int, Field(ge=1, le=100)]  # depths to which weights are randomised, from the output on
    perturbation: Fraction  # the most that a value changes, as a share of the input's standard deviation
    perturbation_steps: Annotated[int, Field(ge=1, le=100)]  # of the gradient descent that finds the change
    converged: Fraction  # the rank correlation of two maps from which on they count as one
    batch_size: Count  # inputs that the network takes at a time

    def check(self, name: str) -> None:
        check_shares(f"{name}.times", self.times)
        for key in ("shown", "sanity_seeds"):
            if getattr(self, key) > self.seeds:
                raise UserError(
                    f"params.yaml: {name}.{key} is {getattr(self, key)}, but must be at most the {self.seeds} seeds of "
                    f"{name}.seeds, which it is the first of."
                )
        if self.layers != "all" and len(set(self.layers)) < len(self.layers):
            raise UserError(f"params.yaml: {name}.layers is {self.layers}, with a layer twice.")

    def check_size(self, side: int) -> None:
        """Refuse a grid and a square that the images are too small for; side: their pixels per side."""
        for key in ("cells", "occlusion"):
            if getattr(self, key) > side:
                raise UserError(
                    f"params.yaml: saliency.{key} is {getattr(self, key)}, but must be at most the {side} pixels per "
                    "side of the network's input."
                )
