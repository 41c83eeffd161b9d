"""Brings the axis that the 2D networks slice along to the front, and back."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)
Spacing = tuple[float, float, float]


def slices_first(array: npt.NDArray[Scalar], axis: int) -> npt.NDArray[Scalar]:
    """Moves the slice axis of a (Z, Y, X) array to the front; contiguous."""
    return np.ascontiguousarray(np.moveaxis(array, axis, 0))


def slices_back(array: npt.NDArray[Scalar], axis: int) -> npt.NDArray[Scalar]:
    """Undoes `slices_first`."""
    return np.ascontiguousarray(np.moveaxis(array, 0, axis))


def spacing_first(spacing_mm: Spacing, axis: int) -> Spacing:
    """The spacing of `slices_first`'s array."""
    rest = [spacing_mm[other] for other in range(3) if other != axis]
    return (spacing_mm[axis], rest[0], rest[1])
