"""Image files to arrays of one size: padded or reduced, never stretched; what cannot be used is named, not dropped."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.errors import UserError
from pipeline.progress import bar

CHANNELS = {"L": 1, "RGB": 3}  # Pillow's names of 8-bit grey and colour
SHOWN = 3  # files named in one sentence
BLOCK = 500  # images that a thread decodes at a time


class UnusableError(Exception):
    """Why an image cannot be used, as the end of a sentence that begins with its path."""


def decode(
    images: Sequence[tuple[str, bytes | Path | None]], size: int, non_square: Literal["refuse", "crop"]
) -> np.ndarray:
    """uint8 [N, size, size, C] of encoded images; C is 1 where all are grey, else 3.

    images: what to call each one, and its bytes or its file. Smaller images get a black border on all sides, larger
    ones are reduced (Lanczos). UnusableError ones are a `UserError` that names the first of them.
    """

    def block(start: int) -> tuple[np.ndarray, list[str]]:
        some, problems = images[start : start + BLOCK], []
        out = np.zeros((len(some), size, size, 3), np.uint8)
        colour = False
        for row, (name, content) in zip(out, some, strict=True):
            try:
                colour |= _place(_open(content), row, non_square)
            except UnusableError as problem:
                problems.append(f"{name} {problem}")
        return out if colour else out[..., :1].copy(), problems

    blocks, problems = [], list[str]()
    with (
        ThreadPoolExecutor() as pool,  # Pillow lets go of the interpreter while it decodes
        bar("prepare: images", len(images), "img") as progress,
    ):
        for part, unusable in pool.map(block, range(0, len(images), BLOCK)):
            blocks.append(part)
            problems += unusable
            progress.update(len(part))
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(f"{len(problems)} of {len(images)} images cannot be used: {'; '.join(problems[:SHOWN])}{more}.")
    channels = max((part.shape[3] for part in blocks), default=1)
    out = np.empty((len(images), size, size, channels), np.uint8)
    for i, part in enumerate(blocks):
        out[i * BLOCK : i * BLOCK + len(part)] = part  # a grey block among colour is that grey in every channel
        blocks[i] = part[:0]
    return out


def _open(content: bytes | Path | None) -> Image.Image:
    """A grey or colour image of 8 bits a channel, the right way up; anything else is `UnusableError`."""
    try:
        encoded = content.read_bytes() if isinstance(content, Path) else content
        if not encoded:
            raise UnusableError("is empty (0 bytes)")
        image = Image.open(BytesIO(encoded))
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise UnusableError(f"is animated ({frames} frames); save one of them")
        image.load()
    except UnidentifiedImageError:
        raise UnusableError("is not an image that Pillow can read") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnusableError(f"is damaged ({' '.join(str(error).split())})") from None
    if image.mode == "P":
        raise UnusableError("has a palette; convert it to grey or RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        raise UnusableError("has transparency; put it on a background and save it as RGB")
    if image.mode.startswith("I") or image.mode == "F":
        raise UnusableError("has more than 8 bits a channel; scale it to 0..255 and save it as 8-bit grey")
    if image.mode not in CHANNELS:
        raise UnusableError(f"has colour mode {image.mode}; convert it to grey or RGB")
    return ImageOps.exif_transpose(image)


def _place(image: Image.Image, row: np.ndarray, non_square: str) -> bool:
    """Write the image into the middle of `row`, zeros uint8 [size, size, 3]; is it in colour?

    A larger one is reduced; one that is not square is cropped to its middle first, where that is asked for.
    """
    width, height = image.size
    if width != height:
        if non_square == "refuse":
            raise UnusableError(f"is {width}x{height} pixels, not square (data.non_square: crop would take its middle)")
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    size = len(row)
    if image.width > size:
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    before = (size - image.width) // 2
    inside = slice(before, before + image.width)
    row[inside, inside] = np.asarray(image).reshape(image.height, image.width, CHANNELS[image.mode])
    return image.mode == "RGB"
