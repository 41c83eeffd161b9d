"""Where a mask ends in a flat cut though its grid goes on: there an image or a drawing ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# What of its last section a bone that is cut would have in the next one at least, by the last three
# sections and by every second one of the last five; and how large the last one is. Three real
# humeri and eight of phantoms that end by themselves, in slices of up to 4.5 mm along each axis,
# would have 0.42 at most, and nothing by every second section.
LEAST_SHARE, LEAST_SHARE_BY_SECOND, LEAST_MM2 = 0.5, 0.3, 60.0
# Sections that lie farther apart do not tell: bones change too much from one to the next.
MOST_APART_MM = 4.5
_SECTIONS = 5


def image_box(
    bone: Bone, affine: Floats, shape: tuple[int, ...], axes: Sequence[int]
) -> tuple[slice, ...] | None:
    """Finds the part of a mask's grid that an image can have shown, by where a bone is cut.

    Args:
        bone: As `take_bone` gives it of the mask.
        affine: From the index (z, y, x) of the mask to LPS mm, (4, 4).
        shape: Of the mask.
        axes: Those that are looked at; along the others the bone may end flat without being cut.

    Returns:
        A slice an axis; None for the whole grid.
    """
    shift = np.linalg.inv(affine[:3, :3]) @ (bone.affine[:3, 3] - affine[:3, 3])
    box = [slice(0, length) for length in shape]
    for axis in axes:
        filled = np.flatnonzero(bone.mask.any(axis=tuple({0, 1, 2} - {axis})))
        first, last = filled[[0, -1]] + round(float(shift[axis]))
        layers = np.moveaxis(bone.mask, axis, 0)[filled]
        step = float(bone.spacing_mm[axis])
        pixel = float(bone.spacing_mm.prod()) / step
        box[axis] = slice(
            int(first) if _goes_on(layers, step, pixel) else 0,
            int(last) + 1 if _goes_on(layers[::-1], step, pixel) else shape[axis],
        )
    whole = all(part == slice(0, length) for part, length in zip(box, shape, strict=True))
    return None if whole else tuple(box)


def _goes_on(layers: Mask, step_mm: float, pixel_mm2: float) -> bool:
    """Whether a bone would go on before the first of its layers (n, rows, columns).

    The sections of a bone shrink towards its end, faster and faster. How large the next one would
    be follows from those before: of an ellipsoid none would be left.
    """
    starts = [0]
    for number in range(1, len(layers)):
        # Coarse slices that were copied to finer voxels count once.
        if not np.array_equal(layers[number], layers[number - 1]):
            starts.append(number)
        if len(starts) == _SECTIONS:
            break
    else:
        return False
    if (starts[-1] - starts[0]) * step_mm > MOST_APART_MM * (_SECTIONS - 1):
        return False
    areas = [float(layers[start].sum()) * pixel_mm2 for start in starts]
    return (
        areas[0] >= LEAST_MM2
        and _next(areas[:3]) >= LEAST_SHARE * areas[0]
        and _next(areas[::2]) >= LEAST_SHARE_BY_SECOND * areas[0]
    )


def _next(areas: Sequence[float]) -> float:
    """The section that follows on the first of three, where they shrink the less of two ways."""
    last, second, third = areas
    return min(3 * last - 3 * second + third, 2 * last - second)
