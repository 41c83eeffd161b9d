"""Where a stack of slices lies in the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shoulderseg.datasets.volume import Volume

_SPACING_TOLERANCE = 0.01
_PLACE_TOLERANCE_MM = 0.1
# Slices of one series differ by rounding alone.
_SAME_SPACING = 1e-4


class Placement(NamedTuple):
    """The place of a stack.

    Attributes:
        spacing_mm: As for `Volume`.
        origin_mm: As for `Volume`.
        direction: As for `Volume`.
        reverse: Whether the slices run against their normal and have to be turned round.
    """

    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[float, ...]
    reverse: bool


def plane_of(
    names: Sequence[str],
    slices: Sequence[Volume | None],
    spacing_mm: tuple[float, float, float],
) -> Placement:
    """Finds where a stack lies.

    Files without a place are taken for axial slices from the feet upwards, rows to the back and
    columns to the left: their real plane is not known.

    Args:
        names: File names of the slices, for messages.
        slices: The slices in the order of their names; None for files without a place.
        spacing_mm: Distance of slices, rows and columns (Z, Y, X).

    Returns:
        The place. Its spacing is that of the DICOM slices themselves, which may differ a little
        from the spacing given; a single slice has the distance given.

    Raises:
        ValueError: If some slices have a place and others none, or the places are not those of
            slices in this order and distance, or pixels have another size.
    """
    known = [slice_ for slice_ in slices if slice_ is not None]
    if not known:
        axial = (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0)
        return Placement(spacing_mm, (0.0, 0.0, 0.0), axial, reverse=False)
    if len(known) != len(slices):
        msg = "some of its slices are DICOM and others are not. Use one kind a patient."
        raise ValueError(msg)
    first, last = known[0], known[-1]
    normal = np.reshape(first.direction, (3, 3))[:, 2]
    runs = float(normal @ np.subtract(last.origin_mm, first.origin_mm))
    step = normal * spacing_mm[0] * (-1.0 if runs < 0 else 1.0)
    for number, (name, here) in enumerate(zip(names, known, strict=True)):
        _check_pixels(name, here, first, spacing_mm)
        off_mm = float(np.linalg.norm(np.subtract(here.origin_mm, first.origin_mm) - number * step))
        if off_mm > _PLACE_TOLERANCE_MM or not np.allclose(
            here.direction, first.direction, atol=1e-3
        ):
            msg = (
                f"{name}: it lies {off_mm:.2f} mm from where slice {number + 1} of a stack "
                f"{spacing_mm[0]:g} mm apart lies, or is turned. Check the order of the names and "
                "the spacing, or convert the series as a whole."
            )
            raise ValueError(msg)
    start = last if runs < 0 else first
    apart_mm = abs(runs) / (len(known) - 1) if len(known) > 1 else spacing_mm[0]
    own_mm = (apart_mm, *first.spacing_mm[1:])
    return Placement(own_mm, start.origin_mm, first.direction, reverse=runs < 0)


def _check_pixels(
    name: str, here: Volume, first: Volume, spacing_mm: tuple[float, float, float]
) -> None:
    rows_mm, columns_mm = here.spacing_mm[1:]
    if not np.allclose((rows_mm, columns_mm), spacing_mm[1:], rtol=_SPACING_TOLERANCE):
        msg = (
            f"{name}: its pixels are {rows_mm:g} x {columns_mm:g} mm (rows x columns), and the "
            f"spacing given is {spacing_mm[1]:g} x {spacing_mm[2]:g} mm. Correct the spacing."
        )
        raise ValueError(msg)
    expected = first.spacing_mm[1:]
    if not np.allclose((rows_mm, columns_mm), expected, rtol=_SAME_SPACING):
        msg = (
            f"{name}: its pixels are {rows_mm:.6g} x {columns_mm:.6g} mm (rows x columns), "
            f"expected {expected[0]:.6g} x {expected[1]:.6g} mm as in the first slice. Use the "
            "slices of one series."
        )
        raise ValueError(msg)
