"""The second judge: a support vector machine on the pixels. It shares nothing with the classifier, so a result that
both of them give does not hang on how one network sees."""

import numpy as np
from sklearn.svm import SVC

from pipeline.data.images import ImageSet, evenly

PENALTY = 10.0  # of scikit-learn's SVC


def learn(real: ImageSet, at_most: int) -> SVC:
    """Return a machine with a Gaussian kernel that learnt from at most so many real images, evenly over the classes."""
    chosen = real[evenly(real.labels, at_most)]
    return SVC(C=PENALTY).fit(_pixels(chosen.images), chosen.labels)


def predict(judge: SVC, images: np.ndarray) -> np.ndarray:
    """Return the class that each image is recognised as, int64 [N]; images: uint8 [N, H, W, C]."""
    return np.asarray(judge.predict(_pixels(images)), dtype=np.int64)


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / 255
