"""params.yaml, the one file with values in it, as typed objects that are checked as a whole before anything runs.

Each file here is a section and holds the checks of that section alone; `together` holds the checks across sections. No
field has a default and no value is changed, so a stage gets exactly what params.yaml says.
"""

from pipeline.params import memory
from pipeline.params.bootstrap import Bootstrap
from pipeline.params.claims import Claims, Margins
from pipeline.params.clip import Clip
from pipeline.params.compute import Compute
from pipeline.params.data import NAMED, Data
from pipeline.params.diffusion import Diffusion
from pipeline.params.embedding import Embedding
from pipeline.params.evaluate import Evaluate
from pipeline.params.feature_maps import FeatureMaps
from pipeline.params.flow import Flow
from pipeline.params.growth import Growth
from pipeline.params.guidance import Guidance
from pipeline.params.intervene import Intervene
from pipeline.params.judges import Classifier, Judges
from pipeline.params.layers import Layers
from pipeline.params.likeness import Likeness
from pipeline.params.reading import load, parse, plain
from pipeline.params.report import Report
from pipeline.params.saliency import Saliency
from pipeline.params.sample import Sample
from pipeline.params.sampler import Sampler
from pipeline.params.scores import Scores
from pipeline.params.section import BASELINE, Section
from pipeline.params.segment import Segment
from pipeline.params.selection import Selection
from pipeline.params.shortcut import Shortcut
from pipeline.params.subjects import SUBJECT_STAGES, Subject, Watched, networks_in, subject
from pipeline.params.text import Text
from pipeline.params.timesteps import Timesteps
from pipeline.params.train import Train
from pipeline.params.trajectory import Trajectory
from pipeline.params.unet import UNet
from pipeline.params.variants import FLOOR
from pipeline.params.whole import Params

__all__ = [
    "BASELINE",
    "FLOOR",
    "NAMED",
    "SUBJECT_STAGES",
    "Bootstrap",
    "Claims",
    "Classifier",
    "Clip",
    "Compute",
    "Data",
    "Diffusion",
    "Embedding",
    "Evaluate",
    "FeatureMaps",
    "Flow",
    "Growth",
    "Guidance",
    "Intervene",
    "Judges",
    "Layers",
    "Likeness",
    "Margins",
    "Params",
    "Report",
    "Saliency",
    "Sample",
    "Sampler",
    "Scores",
    "Section",
    "Segment",
    "Selection",
    "Shortcut",
    "Subject",
    "Text",
    "Timesteps",
    "Train",
    "Trajectory",
    "UNet",
    "Watched",
    "load",
    "memory",
    "networks_in",
    "parse",
    "plain",
    "subject",
]
