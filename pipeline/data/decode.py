"""The decoding of image files to arrays of one size. Images are padded or reduced, never stretched, and one that cannot
be used is named and not dropped."""

from collections import deque
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
SHOWN = 3  # how many files an error names at most
SMALLEST = 2  # pixels per side of an image that can show something
BLOCK = 500  # images that a thread decodes at a time
DEEP = "has more than 8 bits a channel; scale it to 0..255 and save it with 8"


class UnusableError(Exception):
    """An image cannot be used; the text is the end of a sentence that begins with the image's path."""


def decode(
    images: Sequence[tuple[str, bytes | Path | None]], size: int, non_square: Literal["refuse", "crop"]
) -> tuple[np.ndarray, np.ndarray]:
    """Decode images to uint8 [N, size, size, C], and return with them the pixels per side that are not border, int64
    [N].

    images: a name for each image, and its bytes or its file. C is 1 where all are grey, else 3. Smaller images get a
    black border on all sides, larger ones are reduced (Lanczos). Images that cannot be used are a `UserError` that
    names the first ones.
    """

    def block(start: int) -> tuple[np.ndarray, list[int], list[str]]:
        some, sides, problems = images[start : start + BLOCK], list[int](), list[str]()
        out = np.zeros((len(some), size, size, 3), np.uint8)
        colour = False
        for row, (name, content) in zip(out, some, strict=True):
            try:
                image = _square(_open(content), size, non_square)
            except UnusableError as problem:
                problems.append(f"{name} {problem}")
                continue
            before = (size - image.width) // 2
            inside = slice(before, before + image.width)
            row[inside, inside] = np.asarray(image).reshape(image.height, image.width, CHANNELS[image.mode])
            sides.append(image.width)
            colour |= image.mode == "RGB"
        return out if colour else out[..., :1].copy(), sides, problems

    blocks, sides, problems = deque[np.ndarray](), list[int](), list[str]()
    with (
        ThreadPoolExecutor() as pool,  # Pillow lets go of the interpreter while it decodes
        bar("prepare: images", len(images), "img") as progress,
    ):
        for part, inside, unusable in pool.map(block, range(0, len(images), BLOCK)):
            blocks.append(part)
            sides += inside
            problems += unusable
            progress.update(len(part))
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(f"{len(problems)} of {len(images)} images cannot be used: {'; '.join(problems[:SHOWN])}{more}.")
    channels = max((part.shape[3] for part in blocks), default=1)
    out = np.empty((len(images), size, size, channels), np.uint8)
    for start in range(0, len(images), BLOCK):
        out[start : start + BLOCK] = blocks.popleft()  # a grey block among colour is that grey in every channel
    return out, np.array(sides, dtype=np.int64)


def _open(content: bytes | Path | None) -> Image.Image:
    """Open a grey or colour image of 8 bits a channel, and turn it upright; anything else is an `UnusableError`."""
    try:
        encoded = content.read_bytes() if isinstance(content, Path) else content
        if not encoded:
            raise UnusableError("is empty (0 bytes)")
        opened = Image.open(BytesIO(encoded))
        frames = getattr(opened, "n_frames", 1)
        if (
            frames > 1 and opened.format != "MPO"
        ):  # a camera's JPEG with a preview in it, whose first frame is the image
            raise UnusableError(f"is animated ({frames} frames); save one of them")
        if any(";16" in str(tile[3]) for tile in opened.tile):  # in colour, Pillow would cut them to 8 without a word
            raise UnusableError(DEEP)
        opened.load()
        image: Image.Image = ImageOps.exif_transpose(opened)
    except UnusableError:
        raise
    except UnidentifiedImageError:
        raise UnusableError("is not an image that Pillow can read") from None
    except OSError as error:
        if error.filename is None:  # Pillow's own, of a damaged file
            raise UnusableError(f"is damaged ({' '.join(str(error).split())})") from None
        raise UnusableError(f"cannot be read ({error.strerror})") from None
    except Exception as error:  # Pillow's decoders throw a dozen kinds at damaged files
        raise UnusableError(f"is damaged ({' '.join(str(error).split())})") from None
    if image.mode == "P":
        raise UnusableError("has a palette; convert it to grey or RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        raise UnusableError("has transparency; put it on a background and save it as RGB")
    if image.mode.startswith("I") or image.mode == "F":
        raise UnusableError(DEEP)
    if image.mode not in CHANNELS:
        raise UnusableError(f"has colour mode {image.mode}; convert it to grey or RGB")
    return image


def _square(image: Image.Image, size: int, non_square: str) -> Image.Image:
    """Return the image as a square of at most `size` pixels: cropped to its middle where `non_square` says so, then
    reduced."""
    width, height = image.size
    if width != height:
        if non_square == "refuse":
            raise UnusableError(f"is {width}x{height} pixels, not square (data.non_square: crop would take its middle)")
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if image.width < SMALLEST:
        raise UnusableError(f"is {width}x{height} pixels, too small to show anything; at least {SMALLEST} are accepted")
    return image.resize((size, size), Image.Resampling.LANCZOS) if image.width > size else image
