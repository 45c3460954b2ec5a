"""The section `subjects`: the denoisers under the microscope."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field

from pipeline.errors import UserError, short
from pipeline.files import entries, is_file, is_folder, read_object
from pipeline.params.section import BASELINE, Count, Name, Section

SubjectStage = Literal["trajectory", "feature_maps", "intervene", "shortcut", "saliency", "timesteps"]
SUBJECT_STAGES: tuple[SubjectStage, ...] = get_args(SubjectStage)  # those that look at subjects, in the report's order
WEIGHTS = ("config.json", "model_index.json")  # one of these is in the folder of a network, or of a pipeline


class Subject(Section):
    """A denoiser, and what it is told."""

    model: Annotated[str, Field(min_length=1)]  # folder of a variant's weights, or of a diffusers pipeline; under
    # `subjects` also a folder that holds such folders, one for each training seed
    prompts: list[str]  # texts that the images take in turn, where the network takes a text
    guidance: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]  # scale of classifier-free guidance; 1: none

    @property
    def is_trained_here(self) -> bool:
        """Say whether the stage `train` or `text` makes the model."""
        return Path(self.model).parts[:2] == ("outputs", "train") or self.is_told_captions

    @property
    def is_told_captions(self) -> bool:
        """Say whether the stage `text` makes the model."""
        return Path(self.model).parts[:2] == ("outputs", "text")

    @property
    def variant(self) -> str:
        """Return the variant whose architecture the model has, where it is trained here."""
        return BASELINE if self.is_told_captions else Path(self.model).parts[2]

    def check(self, name: str) -> None:
        if not self.is_trained_here and not is_folder(Path(self.model)):
            raise UserError(
                f"params.yaml: {name}.model is {short(self.model)}, which is not a folder; `uv run anatomy fetch "
                "OWNER/NAME@REVISION FOLDER` brings a pipeline from the hub."
            )
        if not self.is_trained_here and not _is_network(networks_in(Path(self.model))[0]):
            raise UserError(
                f"params.yaml: {name}.model is {short(self.model)}, which holds no network: no config.json or "
                "model_index.json is in it, nor in a folder inside it."
            )


def networks_in(folder: Path) -> list[Path]:
    """Return the folders of the networks that a folder holds, in the order of their names; the folder itself where it
    is a network's, or holds none. Networks that differ in more than their weights are a `UserError`."""
    if _is_network(folder) or not is_folder(folder):
        return [folder]
    found = sorted(filter(_is_network, entries(folder)), key=lambda each: (len(each.name), each.name))
    for each in found[1:]:
        if _form(each) != _form(found[0]):
            raise UserError(
                f"{folder} holds networks that differ in more than their weights, {found[0].name} and {each.name}; a "
                "subject has one network, or several that differ in their training seed alone."
            )
    return found or [folder]


def _form(folder: Path) -> dict[str, Any]:
    """Return what a network's or a pipeline's configuration says, without what says where it comes from."""
    held = read_object(next(folder / name for name in WEIGHTS if is_file(folder / name)))
    return {key: value for key, value in held.items() if not key.startswith("_")}


def _is_network(folder: Path) -> bool:
    return any(is_file(folder / name) for name in WEIGHTS)


class Watched(Subject):
    """A denoiser under the microscope."""

    replicas: Count  # how many of the networks in the folder `model`, from the first on, at most
    stages: list[SubjectStage]  # those that look at it


def _at_least_one(subjects: dict[str, Watched]) -> dict[str, Watched]:
    if not subjects:
        raise ValueError("subjects is empty, but it must name at least one, such as the baseline's model")
    return subjects


Subjects = Annotated[dict[Name, Watched], AfterValidator(_at_least_one)]


def subject(subjects: dict[str, Watched], name: str) -> Watched:
    """Return the subject of this name; an unknown one is a `UserError`."""
    if name not in subjects:
        raise UserError(f"params.yaml has no subject {short(name)}; it has {', '.join(subjects)}.")
    return subjects[name]
