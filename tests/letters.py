"""A folder of images as a user has them: letters in fonts that matplotlib ships, in colour on grey, at random places
and slants. What was drawn is known, so what `prepare` makes of it can be checked."""

from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = {  # those of matplotlib with upright letters: whether they are bold
    "DejaVuSans": False,
    "DejaVuSans-Bold": True,
    "DejaVuSansMono": False,
    "DejaVuSansMono-Bold": True,
    "DejaVuSerif": False,
    "DejaVuSerif-Bold": True,
    "STIXGeneral": False,
    "STIXGeneralBol": True,
    "cmr10": False,
    "cmb10": True,
}
COLOURS = ["gold", "tomato", "skyblue", "limegreen", "orchid", "white"]
MIRRORED = "HIOTU"  # letters whose left half mirrors the right one in all fonts: they lean as they were slanted
SIDE, SHRUNK = 128, 4  # pixels per side of a letter as it is drawn, and how many of them become one


@dataclass(frozen=True)
class Letters:
    """What was drawn, in the order in which files are read: by letter, then by number."""

    labels: np.ndarray  # int [N], the place of the letter in the alphabet
    slants: np.ndarray  # float [N], degrees, positive where the top leans right
    bold: np.ndarray  # bool [N]
    covered: np.ndarray  # float32 [N, 32, 32] in 0..1, how much of each pixel the letter covers


def draw(folder: Path, each: int, seed: int = 0) -> Letters:
    """Write `each` images of every letter, PNG files of 32x32 pixels in one sub-folder per letter."""
    generator = np.random.default_rng(seed)
    home = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = {name: ImageFont.truetype(str(home / f"{name}.ttf"), 80) for name in FONTS}
    labels, slants, bold, covered = [], [], [], []
    for label, letter in enumerate(ascii_uppercase):
        (folder / letter).mkdir(parents=True)
        for number in range(each):
            name = list(FONTS)[number % len(FONTS)]
            slant = float(generator.uniform(-25, 25))
            coverage = _coverage(letter, fonts[name], slant, generator.uniform(-10, 10, 2))
            grey = np.full(3, generator.integers(20, 70))
            colour = np.array(Image.new("RGB", (1, 1), COLOURS[generator.integers(len(COLOURS))]))[0, 0]
            pixels = grey + coverage[..., None] * (colour - grey)
            Image.fromarray(pixels.round().astype(np.uint8)).save(folder / letter / f"{number:03d}.png")
            labels.append(label)
            slants.append(slant)
            bold.append(FONTS[name])
            covered.append(coverage)
    return Letters(np.array(labels), np.array(slants), np.array(bold), np.array(covered))


def _coverage(letter: str, font: ImageFont.FreeTypeFont, slant: float, shift: np.ndarray) -> np.ndarray:
    """Draw a letter near the middle, sheared by `slant` degrees; float32 [32, 32]."""
    large = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(large).text((SIDE / 2 + shift[0], SIDE / 2 + shift[1]), letter, fill=255, font=font, anchor="mm")
    shear = np.tan(np.radians(slant))
    moved = large.transform(
        large.size, Image.Transform.AFFINE, (1, shear, -shear * SIDE / 2, 0, 1, 0), Image.Resampling.BILINEAR
    )
    small = np.asarray(moved, dtype=np.float32).reshape(SIDE // SHRUNK, SHRUNK, SIDE // SHRUNK, SHRUNK)
    return np.asarray(small.mean(axis=(1, 3)) / 255)
