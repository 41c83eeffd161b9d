"""Black margins: what of a stored square image lies outside the field of view that was acquired."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.scanner.protocol import Protocol

# Share of the rows or columns over which the image fades at the edge of the field of view.
_FADE = 0.02


def view_window(shape: tuple[int, int], protocol: Protocol) -> npt.NDArray[np.float32]:
    """Gives the factors that blank the margins.

    Args:
        shape: Voxels along (Y, X).
        protocol: Share of rows and columns that is black on each side.

    Returns:
        Shape (Y, X), float32: 0 in the margins, 1 inside, rising between; all 1 without margins.

    Raises:
        ValueError: If a margin is negative or the margins leave nothing between them.
    """
    first, second = (
        _factors(count, share) for count, share in zip(shape, protocol.blank_fraction, strict=True)
    )
    return np.multiply.outer(first, second)


def _factors(count: int, share: float) -> npt.NDArray[np.float32]:
    if not 0 <= share < 0.5:
        msg = f"A black margin must take 0 up to below half of an image, got {share}."
        raise ValueError(msg)
    margin = round(share * count)
    if not margin:
        return np.ones(count, np.float32)
    fade = max(1.0, _FADE * count)
    # From the margin's edge inwards; the pixel beside it is not quite black.
    inwards = np.minimum(np.arange(count), np.arange(count)[::-1]) - margin + 1
    factors: npt.NDArray[np.float32] = np.clip(inwards / fade, 0, 1).astype(np.float32)
    return factors
