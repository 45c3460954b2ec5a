"""DF-RISE: which part of a step's input the predicted noise rests on, seen from outside the network.

Park et al., arXiv 2402.10404, equations 1 to 9, after RISE (Petsiuk et al. 2018). Masks come from Gaussian values below
or above a threshold. For each, the noise is predicted from the masked input and compared with the noise of the whole;
the map is the mean of the masks, weighted by the likeness. Two readings differ from the source's. It masks every pixel
alone; here a mask has cells, as in RISE, and a grid of as many cells as pixels is the source's. It weights by a map of
the structure's likeness; here the weight is one number per mask, as in RISE and in its equation 5.
"""

import numpy as np
import torch
from scipy.special import ndtr

from pipeline.anatomy.explained import Explained
from pipeline.judges.number import rank_correlation

MASKS = 2**40  # between the address of the masks of a timestep and its noise (`noise.noise`)
FEWEST = 8  # masks of the smallest map whose convergence is measured


def expectation(threshold: float) -> float:
    """Return the share of pixels that a mask keeps on average: of Gaussian values above the threshold."""
    return float(ndtr(-threshold))


def masks(seed: int, t: int, count: int, side: int, cells: int, threshold: float) -> np.ndarray:
    """Return random masks, bool [count, side, side], which keep a pixel where its cell's Gaussian value is above the
    threshold. They are fixed by the image's seed and the timestep.

    cells: per side of the image. The cells of each mask are shifted at random, as in RISE, so that every pixel is kept
    with the probability `expectation`, and borders of cells fall everywhere.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, MASKS + t]))
    size = -(-side // cells)
    kept = generator.standard_normal((count, cells + 1, cells + 1), dtype=np.float32) > threshold
    shifts = generator.integers(0, size, (count, 2, 1))
    rows, columns = ((np.arange(side) + shifts[:, axis]) // size for axis in (0, 1))
    return np.asarray(kept[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]])


def scores(explained: Explained, kept: np.ndarray) -> np.ndarray:
    """Return the likeness of the noise of each masked input to that of the whole, float64 [N]; kept: bool [N, H, W]."""
    x, inputs = explained.x, torch.from_numpy(kept)
    pieces = [explained.scores(x * piece[:, None].to(x.device)) for piece in inputs.split(explained.batch_size)]
    return torch.cat(pieces).double().cpu().numpy()


def weighted(kept: np.ndarray, found: np.ndarray, share: float) -> np.ndarray:
    """Return the saliency map, float64 [H, W]: the mean of the masks weighted by their scores, over their expectation.

    It is the mean score of the inputs that keep a pixel. The mean score is taken off the weights and added at the end:
    in expectation this changes nothing, and it takes away the noise of how often a pixel happened to be kept.

    kept: bool [N, H, W]; found: their scores [N]; share: `expectation`.
    """
    middle = found.mean()
    return np.asarray(middle + np.tensordot(found - middle, kept, axes=1) / (len(kept) * share))


def convergence(kept: np.ndarray, found: np.ndarray, share: float) -> dict[int, float]:
    """Return the rank correlation of two maps of so many masks each, which have no mask in common: of one half of all
    masks, a quarter, and so on down to `FEWEST`."""
    out = {}
    count = len(kept) // 2
    while count >= FEWEST:
        one, other = (weighted(kept[part], found[part], share) for part in (slice(count), slice(count, 2 * count)))
        out[count] = rank_correlation(one.ravel(), other.ravel())["value"]
        count //= 2
    return dict(sorted(out.items()))
