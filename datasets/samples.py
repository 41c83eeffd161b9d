"""What the stored samples of a 2D image file become: one upright array of grey values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_UPRIGHT = 1


@dataclass(frozen=True)
class Samples:
    """A decoded 2D image.

    Attributes:
        array: Samples as the file means them: shape (Y, X) or (Y, X, channels), palettes replaced
            by their colours.
        opacity: Whether the last channel is opacity.
        orientation: 1 to 8, as TIFF 6.0 and Exif number them.
        meaning: How displayed values differ from stored ones: `"inverted"` or `"palette"`; empty
            if they do not.
        lossy: Whether the file is packed in a way that may change values.
    """

    array: npt.NDArray[Any]
    opacity: bool = False
    orientation: int = _UPRIGHT
    meaning: str = ""
    lossy: bool = False


def as_grey(samples: Samples) -> npt.NDArray[Any]:
    """Gives one grey value a pixel, upright.

    Args:
        samples: A decoded image.

    Returns:
        Shape (Y, X); dtype as stored. Colour channels that are all alike are grey; full opacity is
        left out.

    Raises:
        ValueError: If the channels differ, are two without opacity, or parts are transparent; if
            the orientation is none of the eight; without the file's name.
    """
    array = samples.array if samples.array.ndim == 3 else samples.array[..., None]
    if samples.opacity:
        array, opacity = array[..., :-1], array[..., -1]
        if (opacity != _full(opacity.dtype)).any():
            msg = (
                "parts of it are transparent, and what they hide is not known. Save it as grey "
                "without transparency."
            )
            raise ValueError(msg)
    channels = array.shape[-1]
    if channels not in (1, 3) or (array != array[..., :1]).any():
        kind = "a palette of colours" if samples.meaning == "palette" else f"{channels} channels"
        msg = (
            f"it is in colour ({kind} that differ), expected grey. Save "
            "it as 8-bit or 16-bit grey; a mask with the label numbers as values."
        )
        raise ValueError(msg)
    return _upright(array[..., 0], samples.orientation)


def _full(dtype: np.dtype[Any]) -> float | int:
    return int(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else 1.0


def _upright(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Undoes how rows and columns were stored (TIFF 6.0, tag 274: where row 0 and column 0 lie)."""
    if not 1 <= orientation <= 8:
        msg = f"its orientation is {orientation}, expected 1 to 8. Save it again upright."
        raise ValueError(msg)
    if orientation > 4:
        array = array.T
    rows_from_bottom = orientation in (3, 4, 7, 8)
    columns_from_right = orientation in (2, 3, 6, 7)
    return array[:: -1 if rows_from_bottom else 1, :: -1 if columns_from_right else 1]
