"""The sizes and widths that follow from the numbers which describe a U-Net. It needs no torch."""

from collections.abc import Sequence


def resolutions(levels: int, image_size: int) -> list[int]:
    """Return the pixels per side at each level, full resolution first; each level halves the image."""
    return [image_size >> level for level in range(levels)]


def part_resolution(name: str, levels: int, res_blocks: int, image_size: int) -> int | None:
    """Return the pixels per side of what a part gives, such as skip_03, middle_01 or block_11 (`anatomy.layers`); None
    where a network of so many levels and residual blocks has no part of this name.

    A level gives as many skips, and has as many decoder blocks, as it has residual blocks and one more. The last block
    of a level enlarges what it gives to the size of the level above.
    """
    kind, _, digits = name.partition("_")
    each = res_blocks + 1
    there = {"skip": levels * each, "middle": 1, "block": levels * each}.get(kind, 0)
    if not digits.isdecimal() or name != f"{kind}_{int(digits):02d}" or not 1 <= int(digits) <= there:
        return None
    below, place = divmod(int(digits) - 1, each)
    level = {"skip": below, "middle": levels - 1}.get(kind, levels - 1 - below - (place == res_blocks))
    return resolutions(levels, image_size)[max(level, 0)]


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


def weights(
    channels: Sequence[int],
    res_blocks: int,
    attended: Sequence[bool],
    middle_attention: bool,
    projections: bool,
    image_channels: int,
    out_channels: int,
    embedded_classes: int,
) -> int:
    """Return how many weights the network has that `unet.build` makes, without building it.

    channels: the width of each level; attended: as above; out_channels: twice the image's where the variance is
    learned; embedded_classes: how many classes the network is told, 0 for none.
    """
    first, levels = channels[0], len(channels)
    told = 4 * first  # the width of the embedding of time and class
    widens = bool(res_blocks or projections)
    kept = list(channels) if widens else [first] * levels  # what the encoder hands to the decoder, level by level
    middle = middle_width(channels, widens)

    def convolution(before: int, after: int, side: int = 3) -> int:
        return before * after * side**2 + after

    def resnet(before: int, after: int) -> int:
        through = convolution(before, after) + convolution(after, after) + convolution(told, after, 1)
        return 2 * before + 2 * after + through + (convolution(before, after, 1) if before != after else 0)

    def attention(width: int) -> int:
        return 2 * width + 4 * convolution(width, width, 1)

    total = convolution(image_channels, first) + convolution(first, out_channels) + 2 * first
    total += convolution(first, told, 1) + convolution(told, told, 1) + embedded_classes * told
    total += 2 * resnet(middle, middle) + (attention(middle) if middle_attention else 0)
    before = middle
    for level in reversed(range(levels)):
        width, below = channels[level], channels[max(level - 1, 0)]
        if res_blocks:
            total += resnet(below if level else first, width) + (res_blocks - 1) * resnet(width, width)  # encoder
            total += res_blocks * attention(width) if attended[level] else 0
            total += resnet(before + width, width) + (res_blocks - 1) * resnet(2 * width, width)  # decoder
            total += resnet(width + below, width)
        else:
            total += resnet(before + kept[level], width)
        total += (res_blocks + 1) * attention(width) if attended[level] else 0
        total += convolution(width, width) if level else 0  # the decoder's upsampling
        if level < levels - 1:
            total += convolution(kept[level], kept[level])  # the encoder's downsampling
            total += convolution(kept[level], kept[level + 1], 1) if projections and not res_blocks else 0
        before = width
    return total
