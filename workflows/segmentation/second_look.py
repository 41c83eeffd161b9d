"""Which voxels are bone after the U-Nets' first look, so that they look again at these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.nnunet_ext.cases.region import BonesOf


def bone_finder(one_piece: Collection[str], volume: Volume, axis: int = 0) -> BonesOf:
    """Makes what `predict_probabilities` asks for bone: the majority vote, one piece of each bone.

    Where one of the two bones was not found it says that there is none.

    Args:
        one_piece: bones of which the result keeps one piece.
        volume: that the U-Nets see.
        axis: along which its slices lie.
    """

    def bones_of(said: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.bool_]:
        from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
        from shoulderseg.refine.connected_components import keep_one_piece
        from shoulderseg.refine.padding import scanned_region
        from shoulderseg.refine.voting import fuse

        fusion = fuse([[said[FIRST]], [said[SECOND]]], whole=[said[WHOLE]])
        # Nothing in a margin may be the largest piece.
        voted = fusion.label_map * scanned_region(volume.array, axis)
        single, second = labels_of(one_piece), fusion.probability[1]
        kept = keep_one_piece(voted, single, volume.spacing_mm, second)
        # Surroundings of one bone alone could leave out the other, which is suspected at least.
        whole = all((kept == label).any() for label in (1, 2))
        return kept > 0 if whole else np.zeros(kept.shape, np.bool_)

    return bones_of


def labels_of(bones: Collection[str]) -> list[int]:
    """Labels, in a vote, of bones by their names."""
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND

    return [1 + (FIRST, SECOND).index(bone) for bone in bones]
