"""The section `clip`: the judge that compares images with sentences."""

from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import Field

from pipeline.diffusion.hub import HUB
from pipeline.errors import UserError, short
from pipeline.files import is_file, is_folder
from pipeline.params.section import Count, Fraction, NonNegative, Positive, Section, Seed

OWN = "own"  # the model that is trained here
SENTENCES = ("plain", "good", "clear", "blurry")


class Clip(Section):
    """The judge that compares images with sentences (CLIP, Radford et al. 2021)."""

    run: bool  # whether the stage does anything
    model: Annotated[str, Field(min_length=1)]  # OWN, a folder, or OWNER/NAME@REVISION on the hub
    plain: str  # template with {class}: the sentence of the CLIP score
    good: str  # templates of the sentences whose softmax says how good, clear and blurry an image is
    clear: str
    blurry: str
    min_quality: Fraction  # what accuracy and calibration on held-out images must reach
    images: Count  # seen in the training of the own model, as all that follows
    batch_size: Count
    lr: Positive  # peak
    weight_decay: NonNegative
    width: Annotated[int, Field(ge=16, le=4096, multiple_of=16)]  # of both towers and of the features
    layers: Annotated[int, Field(ge=1, le=48)]  # of the image tower
    patch: Count  # pixels per side of a patch
    seed: Seed

    @property
    def is_own(self) -> bool:
        """Say whether the model is trained here."""
        return self.model == OWN

    def check(self, name: str) -> None:
        for key in SENTENCES:
            template = getattr(self, key)
            if not _has_class_alone(template):
                raise UserError(
                    f"params.yaml: {name}.{key} is {short(template)}, but it must be a text with {{class}} in it, and "
                    "with no other field."
                )
        if len({getattr(self, key) for key in SENTENCES}) < len(SENTENCES):
            raise UserError(f"params.yaml: {name}.{', '.join(SENTENCES)} must be different sentences.")
        if self.is_own or HUB.fullmatch(self.model):
            return
        if not is_folder(Path(self.model)):
            raise UserError(
                f"params.yaml: {name}.model is {short(self.model)}, but it must be {OWN}, a folder, or a pinned model "
                "of the hub, OWNER/NAME@REVISION, the revision a commit's 40 hexadecimal digits."
            )
        if not is_file(Path(self.model, "config.json")):
            raise UserError(f"params.yaml: {name}.model is {short(self.model)}, which holds no CLIP (no config.json).")


def _has_class_alone(template: str) -> bool:
    """Say whether a template has the class, and no other field."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return False
    fields = [(name, form, conversion) for _, name, form, conversion in parts if name is not None]
    return bool(fields) and set(fields) == {("class", "", None)}
