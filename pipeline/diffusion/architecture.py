"""The sizes and widths that follow from the numbers which describe a U-Net. It needs no torch."""

from collections.abc import Sequence


def resolutions(levels: int, image_size: int) -> list[int]:
    """Return the pixels per side at each level, full resolution first; each level halves the image."""
    return [image_size >> level for level in range(levels)]


def attended(attention: Sequence[int], at: Sequence[int]) -> list[bool]:
    """Say for each level whether its residual blocks are followed by attention.

    attention: the resolutions that are to have attention, in pixels; at: the resolution of each level, in pixels.
    """
    return [resolution in attention for resolution in at]


def middle_width(channels: Sequence[int], widens: bool) -> int:
    """Return the width of the middle block.

    channels: the width of each level; widens: whether the encoder has layers that change its width. Downsamplings alone
    do not.
    """
    return channels[-1] if widens else channels[0]
