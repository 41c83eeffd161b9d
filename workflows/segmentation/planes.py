"""Lets the U-Nets see a volume in the two planes beside that of its slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.workflows.segmentation.second_look import bone_finder

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.nnunet_ext.inference import OnProgress
    from shoulderseg.nnunet_ext.predictors import Predictors

# Beyond it the glenoid gains nothing, and the other planes, whose slices are as many as ever,
# take more than five times as long: benchmarks/three_planes.py.
_LONGEST_MM = 1.5
# A thinner slab shows a strip of the bones in the other planes.
_THINNEST_MM = 40.0
# Of two results that are nearly the same.
_LEAST_DICE = 0.9


def add_other_planes(
    bones: dict[str, npt.NDArray[np.float32]],
    predictors: Predictors,
    volume: Volume,
    one_piece: Collection[str],
    on_progress: OnProgress | None = None,
) -> None:
    """Averages what the U-Nets say of a volume's own slices with what they say of the others'.

    The slices of each plane are turned as scanners store them (view aggregation, as in QuickNAT
    and FastSurfer).

    Args:
        bones: of `predict_probabilities` for the volume; changed in place.
        predictors: as `build_predictors` gives them.
        volume: in canonical orientation, its slices first.
        one_piece: bones of which the result keeps one piece, see `bone_finder`.
        on_progress: is told which share of the work is done; a third of it was, before.

    Raises:
        ValueError: as `predict_probabilities`.
    """
    from shoulderseg.datasets.orientation import find_reorientation, reorient, restore
    from shoulderseg.nnunet_ext.inference import predict_probabilities

    for plane in (1, 2):
        turn = find_reorientation(volume, slices=plane)
        seen = reorient(volume, turn)
        told = third_of_progress(on_progress, plane)
        bones_of = bone_finder(one_piece, seen)
        found = predict_probabilities(predictors, seen.array, seen.spacing_mm, told, bones_of)
        # One after the other, since a large case hardly fits into memory once.
        for variant, probability in bones.items():
            probability += restore(found.pop(variant), turn)
    for probability in bones.values():
        probability /= 3


def suits_three_planes(volume: Volume) -> bool:
    """Whether a volume shows the bones well in all three planes: thin slices, and many of them.

    Args:
        volume: of any orientation.
    """
    sides_mm = np.array(volume.spacing_mm)
    extent_mm = sides_mm * volume.array.shape
    return bool(sides_mm.max() <= _LONGEST_MM and extent_mm.min() >= _THINNEST_MM)


def nearly_same(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    """Whether two label maps have each bone in nearly the same place, or neither has it.

    What is said of one of them then goes for the other.

    Args:
        one: 0 background, 1 and 2 the bones, (Z, Y, X).
        other: the same for another result.
    """
    bones = [(one == value, other == value) for value in (1, 2)]
    return all(
        2 * np.count_nonzero(a & b) >= _LEAST_DICE * (np.count_nonzero(a) + np.count_nonzero(b))
        for a, b in bones
    )


def third_of_progress(on_progress: OnProgress | None, plane: int) -> OnProgress | None:
    """Tells of the work on one of three planes.

    Args:
        on_progress: is told of the whole.
        plane: counted from 0, that of the volume's own slices.
    """
    if on_progress is None:
        return None
    return lambda share: on_progress((plane + share) / 3)
