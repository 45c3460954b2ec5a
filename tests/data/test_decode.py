"""Every image is used as it is or named: padded, reduced or cropped, never stretched, never dropped."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pipeline.data.decode import BLOCK, decode
from pipeline.errors import UserError

RNG = np.random.default_rng(0)


def encoded(array: np.ndarray, form: str = "PNG", mode: str | None = None, **options: object) -> bytes:
    out = BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(out, form, **options)
    return out.getvalue()


def grey(*shape: int) -> np.ndarray:
    return RNG.integers(1, 256, shape, dtype=np.uint8)


def test_a_smaller_image_gets_a_black_border_and_keeps_its_pixels() -> None:
    image = grey(28, 28)
    out, sides = decode([("a", encoded(image))], 32, "refuse")
    assert sides.tolist() == [28]
    assert (out.shape, out.dtype) == ((1, 32, 32, 1), np.uint8)
    np.testing.assert_array_equal(out[0, 2:30, 2:30, 0], image)
    assert out.sum(dtype=int) == image.sum(dtype=int), "the border is black"


def test_an_odd_border_is_a_pixel_wider_at_the_end() -> None:
    out = decode([("a", encoded(grey(5, 5)))], 8, "refuse")[0][0, ..., 0]
    assert (out[1:6, 1:6] > 0).all()
    assert np.count_nonzero(out) == 25


def test_an_image_of_the_size_is_untouched_in_grey_and_colour() -> None:
    for shape in ((16, 16), (16, 16, 3)):
        image = grey(*shape)
        out, sides = decode([("a", encoded(image))], 16, "refuse")
        np.testing.assert_array_equal(out[0].squeeze(), image)
        assert sides.tolist() == [16]


def test_a_larger_image_is_reduced_evenly() -> None:
    image = np.zeros((64, 64), np.uint8)
    image[16:48, 16:48] = 200
    out = decode([("a", encoded(image))], 16, "refuse")[0][0, ..., 0].astype(int)
    assert abs(out.mean() - image.mean()) < 2
    np.testing.assert_array_equal(out, out.T)
    assert out[8, 8] == 200
    assert out[0, 0] == 0


def test_grey_among_colour_is_that_grey_in_every_channel() -> None:
    first, second = grey(8, 8), grey(8, 8, 3)
    images = [("a", encoded(first))] * BLOCK + [("b", encoded(second))]
    out, sides = decode(images, 8, "refuse")
    assert sides.tolist() == [8] * (BLOCK + 1)
    assert out.shape == (BLOCK + 1, 8, 8, 3)
    np.testing.assert_array_equal(out[BLOCK], second)
    np.testing.assert_array_equal(out[3], np.repeat(first[..., None], 3, axis=2))
    mixed, _ = decode([("a", encoded(first)), ("b", encoded(second))], 8, "refuse")
    np.testing.assert_array_equal(mixed[0], np.repeat(first[..., None], 3, axis=2))


@pytest.mark.parametrize(("shape", "middle"), [((8, 14), np.s_[:, 3:11]), ((13, 8), np.s_[2:10, :])])
def test_what_is_not_square_is_refused_or_cropped_to_its_middle(shape: tuple[int, int], middle: tuple) -> None:
    image = grey(*shape)
    with pytest.raises(UserError, match=rf"wide\.png is {shape[1]}x{shape[0]} pixels, not square \(data\.non_square"):
        decode([("wide.png", encoded(image))], 8, "refuse")
    np.testing.assert_array_equal(decode([("a", encoded(image))], 8, "crop")[0][0, ..., 0], image[middle])


def test_a_photo_on_its_side_is_turned() -> None:
    image = grey(8, 8)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode([("a", encoded(image, "PNG", exif=exif))], 8, "refuse")[0][0, ..., 0]
    np.testing.assert_array_equal(turned, np.rot90(image, -1))


def deep(form: str) -> bytes:
    """A colour image of 16 bits a channel, which Pillow reads and cannot write."""
    if form == "TIFF":
        out = BytesIO()
        tifffile.imwrite(out, RNG.integers(2**16, size=(8, 8, 3), dtype=np.uint16), photometric="rgb")
        return out.getvalue()
    rows = b"".join(b"\0" + RNG.bytes(8 * 6) for _ in range(8))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def animated() -> bytes:
    out = BytesIO()
    frames = [Image.fromarray(grey(8, 8)) for _ in range(3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


UNUSABLE = {
    "zero bytes": (b"", r"is empty \(0 bytes\)"),
    "no bytes at all": (None, r"is empty \(0 bytes\)"),
    "not an image": (b"hello", "is not an image"),
    "truncated PNG": (encoded(grey(32, 32))[:300], "is damaged"),
    "truncated JPEG": (encoded(grey(32, 32), "JPEG")[:400], "is damaged"),
    "16 bits": (encoded(RNG.integers(2**16, size=(8, 8), dtype=np.uint16)), "has more than 8 bits"),
    "16 bits in colour": (deep("PNG"), "has more than 8 bits"),
    "16 bits in a TIFF": (deep("TIFF"), "(has more than 8 bits|is not an image)"),
    "32 bits": (encoded(RNG.random((8, 8)).astype(np.float32), "TIFF"), "has more than 8 bits"),
    "palette": (encoded(grey(8, 8, 3), mode="P"), "has a palette"),
    "RGBA": (encoded(grey(8, 8, 4)), "has transparency"),
    "grey with alpha": (encoded(grey(8, 8), mode="LA"), "has transparency"),
    "a transparent colour": (encoded(grey(8, 8, 3), transparency=(1, 2, 3)), "has transparency"),
    "animated": (animated(), r"is animated \(3 frames\)"),
    "one bit": (encoded(grey(8, 8), mode="1"), "has colour mode 1"),
    "CMYK": (encoded(grey(8, 8, 3), "JPEG", mode="CMYK"), "has colour mode CMYK"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_is_named_with_its_path_and_why(tmp_path: Path, case: str) -> None:
    content, why = UNUSABLE[case]
    good = ("good", encoded(grey(8, 8)))
    with pytest.raises(UserError, match=rf"^1 of 3 images cannot be used: cat/7\.png {why}") as caught:
        decode([good, ("cat/7.png", content), good], 32, "crop")
    assert "\n" not in str(caught.value)
    if content is not None:
        path = tmp_path / "7.png"
        path.write_bytes(content)
        with pytest.raises(UserError, match=rf"7\.png {why}"):
            decode([("7.png", path)], 32, "crop")


def test_of_many_the_first_are_named_and_the_rest_counted() -> None:
    images = [(f"{i}.png", b"" if i % 2 else encoded(grey(8, 8))) for i in range(20)]
    with pytest.raises(UserError, match=r"10 of 20 .*: 1\.png is .*; 3\.png .*; 5\.png .*; and 7 more\.$"):
        decode(images, 8, "refuse")


def test_order_is_kept_over_many_blocks() -> None:
    levels = np.arange(3 * BLOCK + 7) % 251
    images = [("a", encoded(np.full((2, 2), level, np.uint8))) for level in levels]
    np.testing.assert_array_equal(decode(images, 2, "refuse")[0][:, 0, 0, 0], levels)


def test_damaged_exif_is_a_sentence_too() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    whole, sentences = bytearray(encoded(grey(8, 8), "JPEG", exif=exif)), set()
    place = whole.index(b"Exif")
    for position in range(place + 6, place + 60):
        for value in (0, 255):
            damaged = bytes(whole[:position] + bytes([value]) + whole[position + 1 :])
            try:
                decode([("x.jpg", damaged)], 8, "refuse")
            except UserError as error:
                sentences.add(str(error).split("(")[0])
    assert sentences <= {"1 of 1 images cannot be used: x.jpg is damaged "}
