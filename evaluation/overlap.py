"""Overlap of two masks, from voxel counts over the whole volume.

Definitions as in Taha and Hanbury, BMC Medical Imaging 15:29 (2015).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


class VoxelCounts(NamedTuple):
    """Voxels of two masks.

    Attributes:
        both: Voxels in prediction and reference (true positives).
        predicted_only: Voxels in the prediction alone (false positives).
        reference_only: Voxels in the reference alone (false negatives).
    """

    both: int
    predicted_only: int
    reference_only: int


def count_voxels(predicted: npt.NDArray[np.bool_], reference: npt.NDArray[np.bool_]) -> VoxelCounts:
    """Counts the shared and the unshared voxels of two masks.

    Args:
        predicted: Predicted mask, any shape.
        reference: Reference mask, same shape.

    Returns:
        The counts; all zero if both masks are empty.

    Raises:
        ValueError: If the shapes differ.
    """
    if predicted.shape != reference.shape:
        msg = f"Masks have shapes {predicted.shape} and {reference.shape}, expected equal shapes."
        raise ValueError(msg)
    both = int(np.count_nonzero(predicted & reference))
    return VoxelCounts(
        both=both,
        predicted_only=int(np.count_nonzero(predicted)) - both,
        reference_only=int(np.count_nonzero(reference)) - both,
    )


def dice(counts: VoxelCounts) -> float:
    """Gives twice the shared voxels over the sum of both masks; NaN if both are empty.

    Example:
        >>> import numpy as np
        >>> predicted = np.array([[[True, True, False]]])
        >>> reference = np.array([[[True, False, False]]])
        >>> round(dice(count_voxels(predicted, reference)), 3)
        0.667
    """
    return _share(2 * counts.both, 2 * counts.both + counts.predicted_only + counts.reference_only)


def iou(counts: VoxelCounts) -> float:
    """Gives the shared voxels over the voxels of either mask; NaN if both are empty."""
    return _share(counts.both, sum(counts))


def ppv(counts: VoxelCounts) -> float:
    """Gives the share of the prediction that is right; NaN if the prediction is empty."""
    return _share(counts.both, counts.both + counts.predicted_only)


def sensitivity(counts: VoxelCounts) -> float:
    """Gives the share of the reference that was found; NaN if the reference is empty."""
    return _share(counts.both, counts.both + counts.reference_only)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
