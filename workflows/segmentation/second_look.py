"""Which voxels are bone after the U-Nets' first look, so that they look again at these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.nnunet_ext.cases.region import BonesOf


def bone_finder(one_piece: Collection[str], volume: Volume, axis: int = 0) -> BonesOf:
    """Makes what `predict_probabilities` asks for bone: the vote, one piece of each bone.

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
        return keep_one_piece(voted, single, volume.spacing_mm, second) > 0

    return bones_of


def labels_of(bones: Collection[str]) -> list[int]:
    """Labels, in a vote, of bones by their names."""
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND

    return [1 + (FIRST, SECOND).index(bone) for bone in bones]
