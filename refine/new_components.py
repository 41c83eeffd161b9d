"""A guard against refinements that make pieces of bone away from the vote, or empty a mask."""

from __future__ import annotations

import logging

import cc3d
import numpy as np
from numpy.typing import NDArray

_logger = logging.getLogger(__name__)


def restore_new_components(refined: NDArray[np.uint8], voted: NDArray[np.uint8]) -> None:
    """Gives stray pieces and vanished bones back to the vote, in place.

    A piece of bone (26-neighbour) that shares no voxel with the vote for that bone is a stray.
    Giving a bone back can cut another one in two, hence the loop. It ends because voxels only ever
    go back to the vote.

    Args:
        refined: uint8 (Z, Y, X), changed in place.
        voted: uint8 (Z, Y, X), the vote.
    """
    bones = [int(label) for label in np.unique(voted) if label > 0]
    while True:
        pieces = cc3d.connected_components(refined, connectivity=26)
        anchored = np.zeros(int(pieces.max(initial=0)) + 1, np.bool_)
        # A piece shares a voxel with its own bone's vote where the label did not change.
        anchored[pieces[refined == voted]] = True
        anchored[0] = True
        back = ~anchored[pieces]
        refined[back] = voted[back]
        lost = [bone for bone in bones if not (refined == bone).any()]
        for bone in lost:
            refined[voted == bone] = bone
        if lost or back.any():
            _logger.debug(
                "returned %d stray voxels and %d vanished bones to the vote",
                np.count_nonzero(back),
                len(lost),
            )
        else:
            return
