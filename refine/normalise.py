"""A common intensity scale for volumes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PERCENTILES = (0.5, 99.5)
# A spread below what float32 resolves at the image's level is rounding, not signal.
_RELATIVE_STD_FLOOR = 1e-7


def normalise_volume(image: NDArray[Any]) -> NDArray[np.float32]:
    """Brings a volume to a common intensity scale.

    Values are clipped to the 0.5 and 99.5 percentiles of the volume, then shifted and scaled to
    mean 0 and standard deviation 1. Scaling or shifting the input does not change the result.

    Args:
        image: Real (Z, Y, X).

    Returns:
        float32 (Z, Y, X); zeros for a constant volume, empty for an empty one.

    Raises:
        ValueError: A value is not finite.

    Example:
        >>> volume = normalise_volume(np.arange(24.0).reshape(2, 3, 4))
        >>> volume.dtype.name, round(abs(float(volume.mean())), 4), round(float(volume.std()), 4)
        ('float32', 0.0, 1.0)
    """
    values = np.array(image, dtype=np.float64)
    if values.size == 0:
        return values.astype(np.float32)
    if not np.isfinite(values).all():
        msg = "image holds values that are not finite; repair or drop this case"
        raise ValueError(msg)
    low, high = np.percentile(values, _PERCENTILES)
    np.clip(values, low, high, out=values)
    std = float(values.std())
    if std <= _RELATIVE_STD_FLOOR * max(abs(low), abs(high)):
        return np.zeros(values.shape, np.float32)
    values -= values.mean()
    values /= std
    return values.astype(np.float32)
