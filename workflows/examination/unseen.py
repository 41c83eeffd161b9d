"""Where the series of an examination end beside its bones, in a file beside these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import FieldOfView

    Mask = NDArray[np.bool_]

# `NAME_unseen.nii.gz` lies beside `NAME_bones.nii.gz`.
UNSEEN = "_unseen"
# Of humerus and glenoid, whatever values these have in the label map; 3 is both.
_BITS = (1, 2)


def write_unseen(path: Path, bones: Volume, in_view: tuple[FieldOfView, FieldOfView]) -> None:
    """Writes which voxels beside each bone no series shows.

    Args:
        path: the file.
        bones: the label map of the bones.
        in_view: what the series show of humerus and glenoid on its voxels.

    Raises:
        OSError: if it cannot be written.
    """
    from shoulderseg.datasets.writer import write_label_map

    unseen = np.zeros(bones.array.shape, np.uint8)
    for bit, view in zip(_BITS, in_view, strict=True):
        if view.seen is not None:
            unseen[~view.seen] |= bit
    write_label_map(path, unseen, bones)


def read_unseen(path: Path, bones: Volume) -> tuple[Mask, Mask]:
    """Reads what `write_unseen` wrote.

    Args:
        path: the file.
        bones: the label map of the bones.

    Returns:
        Which voxels a series shows, beside the humerus and beside the glenoid, bool (Z, Y, X).

    Raises:
        ValueError: if it cannot be read, or belongs to other bones.
    """
    from shoulderseg.datasets.reader import read_label_map
    from shoulderseg.datasets.volume import describe_grid_difference

    unseen = read_label_map(path)
    difference = describe_grid_difference(unseen, bones)
    if difference:
        msg = (
            f"{path.name} is not on the grid of the bones: {difference}; copy both files of one "
            "run of `shoulderseg predict`"
        )
        raise ValueError(msg)
    humerus, glenoid = ((unseen.array & bit) == 0 for bit in _BITS)
    return humerus, glenoid
