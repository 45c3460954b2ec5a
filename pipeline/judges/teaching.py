"""What images are good for as training data: a classifier learns from them, and is tested on real images.

Learning from the samples alone gives the classification accuracy score of Ravuri and Vinyals (2019): it falls where the
samples look wrong, and also where they lack the variety of the real images. Learning from the real images and the
samples together is data augmentation, which pays if the score rises above that of the real images alone.
"""

from collections.abc import Mapping

import numpy as np
import torch

from pipeline.data.images import ImageSet, evenly
from pipeline.data.tensors import resident
from pipeline.judges import classifier
from pipeline.judges.evaluated import TAUGHT, TAUGHT_WITH_REAL
from pipeline.params import Classifier


def lessons(samples: ImageSet, real: ImageSet) -> dict[str, ImageSet]:
    """Return what to learn from, by the score's name: the samples alone, and together with the real images."""
    both = (np.concatenate([getattr(each, part) for each in (real, samples)]) for part in ("images", "labels", "ids"))
    return {TAUGHT: samples, TAUGHT_WITH_REAL: ImageSet(*both)}


def ceiling(real: ImageSet, count: int) -> dict[str, ImageSet]:
    """Return what to learn from for the scores that samples are held against: as many real images as there are
    samples, and all real images without samples."""
    return {TAUGHT: real[evenly(real.labels, count)], TAUGHT_WITH_REAL: real}


def scores(
    taught_by: Mapping[str, ImageSet], test: ImageSet, classes: int, learning: Classifier, device: torch.device
) -> dict[str, np.ndarray]:
    """Return for each set to learn from, whether the classifier that learnt from it names each test image right, bool
    [N].

    test: real images that nothing learnt from; learning: the size and the training of the classifier, the same for
    every set. The labels of samples are the classes that they were drawn for.
    """
    found = {}
    for name, shown in taught_by.items():
        *_, (_, pupil) = classifier.train(*resident(shown, device), classes, learning)
        found[name] = classifier.predict(pupil, test.images) == test.labels
    return found
