"""The section `unet`: the architecture of the baseline's denoiser."""

from typing import Annotated

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, Section


class UNet(Section):
    """The architecture of a denoiser (Ho et al. 2020, appendix B; Nichol and Dhariwal 2021)."""

    channels: Annotated[list[Count], Field(min_length=1, max_length=9)]  # per level, full resolution first
    res_blocks: Annotated[int, Field(ge=0, le=1000)]  # per level of the encoder
    attention: list[Count]  # resolutions in pixels
    middle_attention: bool
    head_channels: Count
    norm_groups: Count
    projections: bool  # 1x1 convolutions that widen an encoder without residual blocks
    skips: bool  # whether the decoder gets them, or zeros
    time_embedding: bool  # whether the network gets the timestep
    class_embedding: bool  # whether the network gets the class
    learned_variance: bool  # whether it gives the variance of each step too

    def check(self, name: str) -> None:
        if any(width % self.norm_groups for width in self.channels):
            raise UserError(
                f"params.yaml: {name} has channels {self.channels}, which norm_groups = {self.norm_groups} does not "
                "divide."
            )
        if self.projections and self.res_blocks:
            raise UserError(
                f"params.yaml: {name} has projections and {self.res_blocks} residual blocks; projections widen an "
                "encoder that has none (res_blocks: 0)."
            )
