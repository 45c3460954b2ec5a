"""The whole of params.yaml: its sections, in the file's order."""

from pydantic import ValidationError

from pipeline.errors import UserError, short
from pipeline.params.bootstrap import Bootstrap
from pipeline.params.claims import Claims
from pipeline.params.clip import Clip
from pipeline.params.compute import Compute
from pipeline.params.data import Data
from pipeline.params.diffusion import Diffusion
from pipeline.params.embedding import Embedding
from pipeline.params.evaluate import Evaluate
from pipeline.params.feature_maps import FeatureMaps
from pipeline.params.flow import Flow
from pipeline.params.growth import Growth
from pipeline.params.guidance import Guidance
from pipeline.params.intervene import Intervene
from pipeline.params.judges import Judges
from pipeline.params.layers import Layers
from pipeline.params.likeness import Likeness
from pipeline.params.replicas import Replicas
from pipeline.params.report import Report
from pipeline.params.saliency import Saliency
from pipeline.params.sample import Sample
from pipeline.params.sampler import Sampler
from pipeline.params.scores import Scores
from pipeline.params.section import Section
from pipeline.params.segment import Segment
from pipeline.params.selection import Selection
from pipeline.params.sentences import sentences
from pipeline.params.shortcut import Shortcut
from pipeline.params.subjects import Subjects, SubjectStage
from pipeline.params.subjects import subject as find
from pipeline.params.text import Text
from pipeline.params.timesteps import Timesteps
from pipeline.params.train import Train
from pipeline.params.trajectory import Trajectory
from pipeline.params.unet import UNet
from pipeline.params.variants import Variants


class Params(Section):
    """The whole of params.yaml."""

    data: Data
    judges: Judges
    clip: Clip
    unet: UNet
    variants: Variants
    diffusion: Diffusion
    train: Train
    replicas: Replicas
    sampler: Sampler
    sample: Sample
    bootstrap: Bootstrap
    evaluate: Evaluate
    scores: Scores
    selection: Selection
    subjects: Subjects
    likeness: Likeness
    trajectory: Trajectory
    growth: Growth
    feature_maps: FeatureMaps
    intervene: Intervene
    shortcut: Shortcut
    saliency: Saliency
    timesteps: Timesteps
    segment: Segment
    layers: Layers
    embedding: Embedding
    guidance: Guidance
    text: Text
    claims: Claims
    report: Report
    compute: Compute
    flow: Flow

    def architecture(self, variant: str) -> UNet:
        """Return the baseline's architecture with the variant's difference laid over it.

        An unknown variant, and a key or value that `unet` would refuse, is a `UserError`.
        """
        if variant not in self.variants:
            raise UserError(f"params.yaml has no variant {short(variant)}; it has {', '.join(self.variants)}.")
        try:
            return UNet.model_validate({**self.unet.model_dump(), **self.variants[variant]})
        except ValidationError as error:
            raise UserError(sentences(error, UNet, f"variants.{variant}")) from None

    def looks(self, stage: SubjectStage, subject: str) -> bool:
        """Say whether a stage is to look at a subject. An unknown subject is a `UserError`."""
        section: Trajectory | FeatureMaps | Intervene | Shortcut | Saliency | Timesteps = getattr(self, stage)
        return section.run and stage in find(self.subjects, subject).stages

    def check(self, name: str = "") -> None:
        """Let every section check itself."""
        for key, value in self:
            if isinstance(value, Section):
                value.check(key)
            elif isinstance(value, dict):
                for entry, section in value.items():
                    if isinstance(section, Section):
                        section.check(f"{key}.{entry}")
