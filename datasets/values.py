"""Grey values as 32-bit numbers, which is what everything here counts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# Of the range of values: a rounding that nobody would see.
_SMALLEST_LOSS = 1e-3


def as_float32(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Gives grey values as float32.

    Args:
        array: Real numbers of any shape.

    Returns:
        The values; an empty array stays empty.

    Raises:
        ValueError: If a value is NaN, infinite or too large for float32, or if rounding would
            change values by more than a thousandth of their range, as for a small contrast on top
            of a very large number; without a file's name.
    """
    with np.errstate(over="ignore"):
        rounded = array.astype(np.float32)
    wrong = array.size - int(np.isfinite(rounded).sum())
    if wrong and np.isfinite(array).all():
        largest = float(np.abs(array).max())
        msg = f"values go up to {largest:.3g}, expected at most 3.4e38. Scale the image."
        raise ValueError(msg)
    if wrong:
        msg = f"{wrong} of {array.size} voxels are not finite numbers. Repair the image."
        raise ValueError(msg)
    if array.size and not np.can_cast(array.dtype, np.float32):
        _check_loss(array, rounded)
    return rounded


def _check_loss(array: npt.NDArray[Any], rounded: npt.NDArray[np.float32]) -> None:
    loss, low, high = np.longdouble(0), np.longdouble(np.inf), np.longdouble(-np.inf)
    # Slice by slice: the exact numbers of a whole volume would take four times its memory.
    for part, of_part in zip(np.atleast_2d(array), np.atleast_2d(rounded), strict=True):
        exact = part.astype(np.longdouble)
        loss = max(loss, np.abs(of_part - exact).max())
        low, high = min(low, exact.min()), max(high, exact.max())
    if loss > _SMALLEST_LOSS * (high - low):
        msg = (
            f"values from {float(low):.10g} to {float(high):.10g} differ too little for 32-bit "
            "numbers. Subtract the smallest value, or save it as 16 bits."
        )
        raise ValueError(msg)
