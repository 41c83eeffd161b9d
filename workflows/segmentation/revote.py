"""A case voted on anew, by other voters than its own three U-Nets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.edges import classifier_opinions, refiner_case
from shoulderseg.workflows.segmentation.finish import Scan, finish
from shoulderseg.workflows.segmentation.refining import is_refining

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.segment import Segmentation
    from shoulderseg.workflows.segmentation.settings import Settings

Probability = npt.NDArray[np.float32]


def revote(
    found: Segmentation,
    volume: Volume,
    votes_per_bone: Sequence[Sequence[Probability]],
    bundle: Bundle,
    settings: Settings,
) -> Segmentation:
    """Votes on a case anew, and decides its edges as before.

    Args:
        found: what the U-Nets gave.
        volume: the image.
        votes_per_bone: each bone's voters, (Z, Y, X) in the orientation that the networks saw: its
            own U-Net first, then the U-Net of both bones, then any others.
        bundle: the models.
        settings: how they are used.

    Returns:
        The same with other label maps; its quality, and what the U-Nets dispute, are
        those of the vote before.
    """
    from shoulderseg.datasets.orientation import reorient, restore
    from shoulderseg.nnunet_ext.inference import slice_axis
    from shoulderseg.refine.padding import scanned_region
    from shoulderseg.refine.voting import fuse

    turn, axis = found.reorientation, slice_axis(bundle.unets)
    seen = volume if turn is None else reorient(volume, turn)
    scanned = scanned_region(seen.array, axis)
    votes = [[vote * scanned for vote in bone] for bone in votes_per_bone]
    refining = is_refining(bundle, settings)
    seen_votes, further = _as_networks(votes), [bone[2:] for bone in votes]
    asked = refining or settings.all_voters
    case = refiner_case(seen, seen_votes, axis, further) if asked else None
    if settings.all_voters and bundle.refiner is not None and case is not None:
        opinions = classifier_opinions(bundle.refiner, case, settings.folds, settings.device)
        votes = [[*bone, said * scanned] for bone, said in zip(votes, opinions, strict=True)]
    fusion = fuse(votes, settings.vote)
    if refining:
        fusion = fusion._replace(disagreement=_disputed(seen_votes))
    scan = Scan(scanned, seen.spacing_mm)
    finished = finish(bundle, settings, fusion, case if refining else None, scan)
    label_map, voted = finished.label_map, finished.voted
    if turn is not None:
        label_map, voted = restore(label_map, turn), restore(voted, turn)
    voted_voxels = int(np.count_nonzero(fusion.label_map))
    measures = found.measures | {"voted_voxels": voted_voxels} | finished.measures
    return replace(found, label_map=label_map, voted=voted, measures=measures)


def _as_networks(votes: Sequence[Sequence[Probability]]) -> dict[str, Probability]:
    """The voters in the place of the three U-Nets, for who asks for these."""
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE

    (first, first_whole, *_), (second, second_whole, *_) = votes
    return {FIRST: first, SECOND: second, WHOLE: np.maximum(first_whole, second_whole)}


def _disputed(networks: Mapping[str, Probability]) -> npt.NDArray[np.bool_]:
    """Where the voters in the place of the three U-Nets contradict each other."""
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.voting import fuse

    # Their dispute is told from who speaks of one bone and who of both.
    own = [[networks[FIRST]], [networks[SECOND]]]
    return fuse(own, whole=[networks[WHOLE]]).disagreement
