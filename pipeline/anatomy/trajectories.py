"""Following images through the sampling loop, and continuing them with fresh noise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.anatomy import spectrum
from pipeline.anatomy.followed import CLEAN, NOISY
from pipeline.anatomy.sweep import Cache, Loop
from pipeline.diffusion.sampling import batches
from pipeline.judges import similarity

LARGEST = 96  # pixels per side of a picture, which is reduced to it by a whole factor
BRANCH_SEEDS = 1_000_000  # between the noise of two continuations; replicas are ten times further apart


@dataclass(frozen=True)
class Course:
    """A course is what happened to the images of S seeds at K steps, the first and noisiest step first. psnr: [K, S] in
    dB, of x_k to the final image; ssim: [K, S], of the predicted clean image to the final one; energy: [K, S, B], of
    the predicted clean image in each band of `spectrum`, and energy_at_end: [S, B]; seen: for x_k and for the predicted
    clean image, what the judge says, [K, S, classes], or None where none can judge; pictures: for both, the images of
    the first seeds, uint8 [K, shown, H, W, C], large ones `reduced`; final: uint8 [S, H, W, C]; starts: step k -> x_k
    of the first seeds, [branched, C, H, W]."""

    psnr: np.ndarray
    ssim: np.ndarray
    energy: np.ndarray
    energy_at_end: np.ndarray
    seen: dict[str, np.ndarray] | None
    pictures: dict[str, np.ndarray]
    final: np.ndarray
    starts: dict[int, torch.Tensor]


def follow(
    loop: Loop,
    seeds: np.ndarray,
    labels: np.ndarray,
    judge: Callable[[np.ndarray], np.ndarray] | None,
    shown: int,
    starts: list[int],
    branched: int,
) -> Course:
    """Follow images through the untouched loop, `loop.batch_size` at a time, so that memory does not grow with seeds.

    seeds, labels: int [S]; judge: images uint8 [N, H, W, C] -> what it says of each, [N, classes], or None; shown: how
    many seeds' images are kept; starts: the steps whose x_k are kept, of the first `branched` seeds.
    """
    pieces = list[Course]()
    for batch_seeds, batch_labels, kept in batches(seeds, labels, loop.batch_size):
        done = sum(len(piece.final) for piece in pieces)
        here = starts if done < branched else []
        pieces.append(_follow_batch(loop, batch_seeds, batch_labels, kept, judge, max(shown - done, 0), here))

    def joined(name: str, axis: int = 1) -> np.ndarray:
        return np.concatenate([getattr(piece, name) for piece in pieces], axis=axis)

    kinds = (NOISY, CLEAN)
    seen = {kind: np.concatenate([p.seen[kind] for p in pieces if p.seen], axis=1) for kind in kinds} if judge else None
    pictures = {kind: np.concatenate([p.pictures[kind] for p in pieces], axis=1)[:, :shown] for kind in kinds}
    return Course(
        joined("psnr"),
        joined("ssim"),
        joined("energy"),
        joined("energy_at_end", 0),
        seen,
        pictures,
        joined("final", 0),
        {k: torch.cat([piece.starts[k] for piece in pieces if k in piece.starts])[:branched] for k in starts},
    )


def _follow_batch(
    loop: Loop,
    seeds: np.ndarray,
    labels: np.ndarray,
    kept: int,
    judge: Callable[[np.ndarray], np.ndarray] | None,
    shown: int,
    starts: list[int],
) -> Course:
    """Follow the images of one batch, of which the first `kept` count."""
    noisy, clean, x_at = [], [], dict[int, torch.Tensor]()
    for moment in loop.walk(loop.untouched, seeds, labels):
        if moment.action.k in starts:
            x_at[moment.action.k] = moment.x[:kept]
        noisy.append(loop.subject.images(moment.x[:kept]))
        clean.append(loop.subject.images(moment.x0[:kept]))
    final = loop.subject.images(moment.after[:kept])
    kinds = {NOISY: noisy, CLEAN: clean}
    return Course(
        np.stack([similarity.psnr(each, final) for each in noisy]),
        np.stack([similarity.ssim(each, final) for each in clean]),
        np.stack([spectrum.energies(each) for each in clean]),
        spectrum.energies(final),
        {kind: np.stack(list(map(judge, images))) for kind, images in kinds.items()} if judge else None,
        {kind: np.stack([reduced(each[:shown]) for each in images]) for kind, images in kinds.items()},
        final,
        x_at,
    )


def branch_starts(count: int, steps: int) -> list[int]:
    """Return the steps from which images are continued, noisiest first: `count` of them, or all, evenly spaced from the
    first to the last."""
    return sorted({round(k) for k in np.linspace(steps, 1, min(count, steps))}, reverse=True)


def continuations(loop: Loop, k: int, x: torch.Tensor, seeds: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the images that end `count` continuations of each image from step k on, uint8 [count, S, H, W, C].

    All steps from k on are DDPM's, with noise that is drawn anew for each continuation and that no other image has;
    so what the continuations of an image have in common was decided before step k.

    x: [S, C, H, W], the images before step k; seeds, labels: int [S].
    """
    points: list[torch.Tensor] = [x] * count
    for action in loop.untouched[loop.steps - k :]:
        called = loop.call(action, [(point, Cache()) for point in points], labels, ())
        fresh = [seeds + (i + 1) * BRANCH_SEEDS for i in range(count)]
        points = [
            loop.step(point, out, action, loop.drawn(each, action))[0]
            for point, (out, _), each in zip(points, called, fresh, strict=True)
        ]
    return np.stack([loop.subject.images(point) for point in points])


def siblings(images: np.ndarray) -> np.ndarray:
    """Return how alike the continuations of each image are among themselves, [S]: the mean SSIM over all their pairs;
    images: uint8 [count, S, H, W, C]."""
    count = len(images)
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    return np.mean([similarity.ssim(images[i], images[j]) for i, j in pairs], axis=0)


def strips(course: Course, columns: int) -> dict[str, np.ndarray]:
    """Return pictures of the first seeds on their way: `x_k` and `x0`, uint8 [shown, columns + 1, H, W, C], at evenly
    spaced steps and at the end, with `columns`, int [columns], the places of these steps from the first on; and `film`,
    uint8 [K + 1, 2, shown, H, W, C], both at every step and at the end."""
    count = len(course.psnr)
    places = np.unique(np.linspace(0, count - 1, min(columns, count)).round().astype(int))
    shown = course.pictures[NOISY].shape[1]
    final = reduced(course.final[:shown])
    out = {"columns": places}
    for kind, images in course.pictures.items():
        out[kind] = np.concatenate([images[places].swapaxes(0, 1), final[:, None]], axis=1)
    both = np.stack([course.pictures[NOISY], course.pictures[CLEAN]], axis=1)
    return out | {"film": np.concatenate([both, np.broadcast_to(final, (1, 2, *final.shape))])}


def reduced(images: np.ndarray) -> np.ndarray:
    """Return images with at most `LARGEST` pixels per side: means over squares of a whole number of pixels; images:
    uint8 [N, H, W, C]."""
    n, height, width, channels = images.shape
    factor = -(-max(height, width) // LARGEST)
    if factor == 1:
        return images
    cut = images[:, : height // factor * factor, : width // factor * factor]
    squares = cut.reshape(n, height // factor, factor, width // factor, factor, channels)
    return np.asarray(squares.mean(axis=(2, 4)).round().astype(np.uint8))
