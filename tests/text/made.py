"""The stage `prepare` on digits of 8x8 pixels, and parameters of a denoiser that is told their captions for seconds."""

import runpy
from io import StringIO
from pathlib import Path

from pipeline import params
from pipeline.data import prepared
from pipeline.data.prepared import Prepared
from pipeline.judges import contrastive
from pipeline.judges.clip import Clip
from pipeline.orchestration import profiles
from pipeline.params import Params
from tests import programs

ROOT = Path(__file__).parents[2]

SECTIONS = {
    "data": {"validation": 0.05},
    "train": {"images": 48, "batch_size": 8, "warmup": 16, "log_every": 16, "checkpoint_every": 16, "snapshots": []},
    "compute": {"threads": 1, "replica_threads": 1},
    "text": {
        "run": True,
        "replicas": 1,
        "images": 48,
        "held_out": 4,
        "clip_weight": 1.0,
        "clip_from": 16,
        "guidance": 2.0,
        "steps": 4,
        "seeds": 1,
        "natural": 20,
        "attended": 5,
        "shown": 2,
        "columns": 3,
        "batch_size": 10,
    },
}


def text_of(**sections: object) -> str:
    """Return a params.yaml: the tiny profile, `SECTIONS` over it, and these over both."""
    yaml, out = profiles.round_trip(), StringIO()
    values = yaml.load(profiles.apply((ROOT / "params.yaml").read_text(), "tiny", ROOT / "profiles"))
    for over in (SECTIONS, sections):
        profiles.lay(values, over)
    yaml.dump(values, out)
    return out.getvalue()


def values_of(**sections: object) -> Params:
    """Return what `text_of` says, as a stage gets it."""
    return params.parse(text_of(**sections))


def prepare(folder: Path, **sections: object) -> Prepared:
    """Run the stage `prepare` in a folder, where it leaves `params.yaml` and `prepare`."""
    (folder / "params.yaml").write_text(text_of(**sections))
    script, given = str(ROOT / "stages/prepare.py"), "--params params.yaml --out prepare".split()
    done = programs.run(lambda: runpy.run_path(script, run_name="__main__"), *given, folder=folder)
    assert done.returncode == 0, done.stderr
    return prepared.load(folder / "prepare")


def clip_of(captions: list[str], size: int, values: Params) -> Clip:
    """Return a CLIP with fresh weights that stay as they are, for images of so many pixels per side and the words of
    these captions."""
    parted = [contrastive._words(caption) for caption in captions]
    vocabulary = sorted({word for words in parted for word in words})
    made = contrastive.build(size, vocabulary, max(map(len, parted)), values.clip)
    made.model.requires_grad_(False)
    return made
