"""The section `train`: how every variant is trained."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.section import Count, NonNegative, Positive, Section


class Train(Section):
    """How every variant is trained; its length is counted in images seen."""

    images: Count  # seen in the whole training
    batch_size: Count
    optimizer: Literal["adamw", "muon"]
    lr: Positive  # the peak
    beta2: Annotated[float, Field(ge=0, lt=1)]  # AdamW's decay of the mean of squared gradients
    weight_decay: NonNegative
    warmup: Annotated[int, Field(ge=0, le=10**12)]  # images
    clip_norm: Positive  # the largest norm of the gradients
    ema: Annotated[float, Field(ge=0, lt=1)]  # decay per update
    timesteps: Literal["alone", "even", "middle"]  # how those of a batch are drawn (`Training.timesteps`)
    label_dropout: Annotated[float, Field(ge=0, lt=1)]  # share of the images whose class is withheld; 0: none
    vlb_weight: NonNegative  # weight of the variational bound, where the variance is learned
    snapshots: list[Count]  # images seen
    log_every: Count  # images
    validation_draws: Count  # noise draws per validation image
    checkpoint_every: Count  # images
    max_loss: Positive  # a batch with a larger loss ends the training
    precision: Literal["float32", "bfloat16"]
    channels_last: bool
    compile: Literal["none", "default", "reduce-overhead", "max-autotune"]  # modes of torch.compile

    def check(self, name: str) -> None:
        if self.batch_size > self.images:
            raise UserError(
                f"params.yaml: {name}.images is {self.images}, less than one batch of {self.batch_size} "
                f"({name}.batch_size)."
            )
        last = (-(-self.images // self.batch_size) - 1) * self.batch_size  # images seen before the last update
        if sorted(set(self.snapshots)) != self.snapshots or max(self.snapshots, default=0) > last:
            raise UserError(
                f"params.yaml: {name}.snapshots is {self.snapshots}, but must rise and end at {last} at the latest, "
                "before the last update; the end of training is always there."
            )
