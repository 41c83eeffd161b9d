"""Fold-over: what lies beside the field of view and lands in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.scanner.protocol import Protocol


def rendered_grid(grid: ScanGrid, protocol: Protocol) -> ScanGrid:
    """Gives the grid on which the object must be rendered for `acquire`.

    Args:
        grid: Of the image.
        protocol: Phase axis, and how much beside the field of view folds back.

    Returns:
        The grid, widened by whole voxels on both sides of the phase axis.

    Raises:
        ValueError: If the phase axis is not 1 or 2, or the fold is wider than the field of view.
    """
    margin = margin_voxels(grid, protocol)
    axis = protocol.phase_axis
    shape = list(grid.shape)
    shape[axis] += 2 * margin
    origin = np.array(grid.origin_mm) - margin * grid.axes_mm()[axis]
    x, y, z = origin.tolist()
    return replace(grid, shape=(shape[0], shape[1], shape[2]), origin_mm=(x, y, z))


def fold(plane: npt.NDArray[np.float32], axis: int, margin: int) -> npt.NDArray[np.float32]:
    """Adds what lies in the margins to the opposite side of the field of view.

    Args:
        plane: Shape (Y, X), with `margin` voxels on both sides of the axis.
        axis: Phase-encoded axis, 0 or 1.
        margin: Voxels, at most as many as the field of view has.

    Returns:
        The plane without margins, aliased. Towards its far end a margin fades out, for neither
        excitation nor coil end at once.
    """
    if not margin:
        return plane
    wide = np.moveaxis(plane, axis, 0)
    count = len(wide) - 2 * margin
    folded = wide[margin : margin + count].copy()
    angle = np.pi * (np.arange(margin) + 0.5) / margin
    fade = ((1 + np.cos(angle)) / 2).astype(np.float32)[:, None]
    folded[count - margin :] += wide[:margin] * fade[::-1]
    folded[:margin] += wide[margin + count :] * fade
    return np.moveaxis(folded, 0, axis)


def margin_voxels(grid: ScanGrid, protocol: Protocol) -> int:
    """Gives the width of each margin that `rendered_grid` adds.

    Args:
        grid: Of the image.
        protocol: Phase axis and wrap.

    Returns:
        Voxels along the phase axis.

    Raises:
        ValueError: As `rendered_grid` does.
    """
    if protocol.phase_axis not in (1, 2):
        msg = f"The phase axis must be 1 (Y) or 2 (X), got {protocol.phase_axis}."
        raise ValueError(msg)
    if not 0 <= protocol.wrap_fraction <= 1:
        msg = f"The wrap must lie between 0 and 1 field of view, got {protocol.wrap_fraction}."
        raise ValueError(msg)
    return round(protocol.wrap_fraction * grid.shape[protocol.phase_axis])
