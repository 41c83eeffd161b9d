"""Lets the U-Nets see a volume slice by slice: in its own plane, or in all three."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.nnunet_ext.inference import OnProgress
    from shoulderseg.nnunet_ext.predictors import Predictors

# With longer voxels the slices of the other planes show too little: benchmarks/three_planes.py.
_LONGEST_MM = 2.5
# A thinner slab shows a strip of the bones in the other planes.
_THINNEST_MM = 40.0


def predict_in_planes(
    predictors: Predictors,
    volume: Volume,
    on_progress: OnProgress | None = None,
    *,
    three_planes: bool,
) -> dict[str, npt.NDArray[np.float32]]:
    """Runs all U-Nets on the slices of a volume, or on those of all three planes.

    What the planes say is averaged, each turned as scanners store slices of that plane (view
    aggregation, as in QuickNAT and FastSurfer).

    Args:
        predictors: as `build_predictors` gives them.
        volume: in canonical orientation where three planes are asked for.
        on_progress: is told which share of the networks' work is done.
        three_planes: whether all planes are seen; see `suits_three_planes`.

    Returns:
        As `predict_probabilities`.

    Raises:
        ValueError: as there.
    """
    from shoulderseg.datasets.orientation import find_reorientation, reorient, restore
    from shoulderseg.nnunet_ext.inference import predict_probabilities

    if not three_planes:
        return predict_probabilities(predictors, volume.array, volume.spacing_mm, on_progress)
    total: dict[str, npt.NDArray[np.float32]] = {}
    for plane in range(3):
        turn = find_reorientation(volume, slices=plane)
        seen = reorient(volume, turn)
        found = predict_probabilities(
            predictors, seen.array, seen.spacing_mm, _part(on_progress, plane)
        )
        # One after the other, since a large case hardly fits into memory once.
        for variant in list(found):
            probability = restore(found.pop(variant), turn)
            if variant in total:
                total[variant] += probability
            else:
                total[variant] = probability
    for probability in total.values():
        probability /= 3
    return total


def suits_three_planes(volume: Volume) -> bool:
    """Whether a volume shows the bones well in all three planes: thin slices, and many of them.

    Args:
        volume: of any orientation.
    """
    sides_mm = np.array(volume.spacing_mm)
    extent_mm = sides_mm * volume.array.shape
    return bool(sides_mm.max() <= _LONGEST_MM and extent_mm.min() >= _THINNEST_MM)


def _part(on_progress: OnProgress | None, plane: int) -> OnProgress | None:
    """Tells of a third of the work."""
    if on_progress is None:
        return None
    return lambda share: on_progress((plane + share) / 3)
