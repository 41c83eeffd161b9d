"""Which sizes training patches may have, so that a network can take them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def patch_sizes(
    planned: tuple[int, int], steps: Sequence[int], side: int = 0, least: int = 0
) -> tuple[tuple[int, int], list[range] | None]:
    """Finds the largest patches, and the rows and columns from which those of a step are drawn.

    A U-Net normalises its layers over all that it sees. One that has only ever seen patches of one
    size can do worse at images, or surroundings of a bone, of another.

    Args:
        planned: Rows and columns of the plans' patches, which nnU-Net's own images have.
        steps: Strides of the network along rows and columns.
        side: Pixels on a side of the largest patches; 0 takes the plans'.
        least: Pixels on a side of the smallest; 0 gives all the same size.

    Returns:
        Rows and columns of the largest; numbers of rows and of columns, or None where all
        patches have the same size.

    Raises:
        ValueError: If the network cannot take patches of these sizes, or they are larger than
            planned. Its deepest layer needs more than one pixel to normalise.
    """
    shape = (side, side) if side else planned
    _check(shape, steps, planned)
    if not least:
        return shape, None
    _check((least, least), steps, shape)
    return shape, [range(least, most + 1, step) for most, step in zip(shape, steps, strict=True)]


def _check(shape: tuple[int, int], steps: Sequence[int], most: tuple[int, int]) -> None:
    taken = all(
        length % step == 0 and length <= limit
        for length, step, limit in zip(shape, steps, most, strict=True)
    )
    deepest = math.prod(length // step for length, step in zip(shape, steps, strict=True))
    if not taken or deepest < 2:
        msg = (
            f"training patches of {shape} do not suit the network; expected multiples of "
            f"{tuple(steps)}, more than {tuple(steps)} itself, up to {most}"
        )
        raise ValueError(msg)
