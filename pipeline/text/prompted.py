"""What `text` leaves of one network and training seed: how its images obey their captions, and what each word does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.files import is_folder, read_json, replacing, write_json
from pipeline.judges.number import Number
from pipeline.tables import read_arrays, read_csv, write_arrays, write_csv

STAGE = "text"
TEXT, CLIP_LOSS = "text", "clip_loss"
NETWORKS = (TEXT, CLIP_LOSS)  # one trained as the variants are, and one with CLIP's score in its loss
CLASS, SLANT, STROKE = "class", "slant", "stroke"
KINDS = (CLASS, SLANT, STROKE)  # of words that a caption may ask for; a data set may have the first alone
ALL = "all"  # all kinds of words at once
OTHER = "other"  # the words of a caption that are the same in all of them
SEEN, HELD_OUT, ABSENT = "seen", "held_out", "absent"  # combinations of words that training showed, those that it was
# not to show, and those that no training image has
SETS = (SEEN, HELD_OUT, ABSENT)
CHANCE, RANK = "chance", "rank"
RANKED = (SLANT, STROKE)  # kinds whose words have an order
SCORE = "clip_score"


@dataclass(frozen=True)
class Prompted:
    """What was found with one network of one training seed.

    numbers, by name, each with a column of resamples in `replicates`:

    - `SET.KIND`, with SET of SETS and KIND of (*KINDS, ALL): the share of the images, drawn for every combination of
      words, that show the word that was asked for; `SET_chance.KIND`: how often images that were drawn for another word
      show it (`obeyed.strangers`), the mean over the combinations of the set;
    - `SET_rank.KIND`, with KIND of RANKED: Spearman's correlation of the word asked for with what is measured;
    - what `metrics.trade` gives of images that were drawn, without guidance, for the captions of held-out real images:
      the distance to the real images, `accuracy`, the second judge's, `confidence`, precision to coverage, `spread`;
      and `clip_score`, that of an image with the caption that it was drawn for.

    Where captions have the class alone, KIND is CLASS or ALL.
    """

    numbers: dict[str, Number]
    replicates: pd.DataFrame
    combinations: pd.DataFrame  # a row per combination: its words (a column per kind), caption, trained (how many
    # training images have it), held_out (bool), n, and a column `right_KIND` per kind and for ALL, the shares
    curve: pd.DataFrame  # images_seen, train_loss, validation_loss
    costs: dict[str, Any]  # images (seen in training), clip_from (images seen from which on CLIP has a say; None), of
    # one training image `multiply_adds` and `clip_multiply_adds`, parameters, text_parameters (frozen), seconds
    attended: pd.DataFrame  # a row per step and kind of word: k, done (the share of the process), word (a kind, or
    # `other`, the rest of the caption), and, with their intervals, `share` of all attention, and `focus`, what the
    # figure's places give to the word over what all places do; n images. Empty but for the first training seed of TEXT
    pictures: dict[str, np.ndarray]  # `grid`: one image per combination of words, uint8 [combinations, H, W, C], in the
    # rows' order; and where `attended` has rows: `final` uint8 [shown, H, W, C], `clean` uint8 [shown, columns, H, W,
    # C], the predicted clean images, `attention` float32 [shown, kinds, columns, H, W], the share of each place's
    # attention that goes to a word, and `columns`, int [columns], the steps k of these
    words: list[list[str]]  # of each image shown with its attention, its word of each kind, in the maps' order

    def save(self, folder: Path) -> None:
        """Write the folder whole or not at all."""
        with replacing(folder) as unfinished:
            unfinished.mkdir(parents=True)
            write_json(unfinished / "numbers.json", self.numbers)
            write_csv(unfinished / "bootstrap.csv", self.replicates, "%.6g")
            write_csv(unfinished / "combinations.csv", self.combinations)
            write_csv(unfinished / "loss.csv", self.curve)
            write_json(unfinished / "costs.json", self.costs)
            if len(self.attended):
                write_csv(unfinished / "attended.csv", self.attended)
            write_arrays(unfinished / "pictures.npz", self.pictures)
            write_json(unfinished / "words.json", {"words": self.words})


def load(folder: Path) -> Prompted:
    """Read what `text` left of one network and training seed; a missing or broken file is a `UserError`."""
    attended = folder / "attended.csv"
    return Prompted(
        read_json(folder / "numbers.json", STAGE),
        read_csv(folder / "bootstrap.csv", STAGE),
        read_csv(folder / "combinations.csv", STAGE),
        read_csv(folder / "loss.csv", STAGE),
        read_json(folder / "costs.json", STAGE),
        read_csv(attended, STAGE) if attended.is_file() else pd.DataFrame(),
        read_arrays(folder / "pictures.npz", STAGE),
        read_json(folder / "words.json", STAGE)["words"],
    )


def found(folder: Path, network: str, replica: int) -> Path:
    """Return the folder, in that of the stage, of what was found with a network of a training seed."""
    return folder / network / "found" / str(replica)


def model(folder: Path, network: str, replica: int) -> Path:
    """Return the folder, in that of the stage, of a network as a pipeline of diffusers."""
    return folder / network / "model" / str(replica)


def there(folder: Path) -> bool:
    """Say whether `text` has left something; switched off, it leaves an empty folder."""
    return is_folder(folder) and any(folder.iterdir())
