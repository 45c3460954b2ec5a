"""The section `feature_maps`: what every layer of a subject gives at some steps of the sampling loop."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section, Shares, check_shares


class FeatureMaps(Section):
    """What every layer of a subject gives at some steps of the sampling loop."""

    run: bool  # whether the stage does anything
    times: Shares  # the timesteps to look at; a step of its own is found for each, as near as there is one
    seeds: Annotated[int, Field(ge=2, le=10**9)]  # images that the numbers are over
    shown: Annotated[int, Field(ge=1, le=8)]  # of these, images in the pictures and in the files of maps
    channels: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=6)]  # on the page of all
    # layers, counted from 0
    columns: Annotated[int, Field(ge=6, le=20)]  # channels in a layer's sheet, at most
    batch_size: Count  # images that the network takes at a time

    def check(self, name: str) -> None:
        check_shares(f"{name}.times", self.times)
        if self.shown > self.seeds:
            raise UserError(
                f"params.yaml: {name}.shown is {self.shown}, but must be at most the {self.seeds} seeds of "
                f"{name}.seeds, which it is the first of."
            )
        if len(set(self.channels)) < len(self.channels):
            raise UserError(f"params.yaml: {name}.channels is {self.channels}, with a channel twice.")

    def check_channels(self, widest: int, subject: str) -> None:
        """Refuse channels that no layer of a subject has; widest: how many its widest layer has."""
        if max(self.channels) >= widest:
            raise UserError(
                f"params.yaml: feature_maps.channels goes up to {max(self.channels)}, but the widest layer of subject "
                f"{subject} has {widest} channels, counted from 0."
            )
