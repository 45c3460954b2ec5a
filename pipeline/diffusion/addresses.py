"""What the names of a network's parts say, before there is a network; this file needs no torch."""

from pipeline.diffusion.architecture import resolutions


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
