"""A case voted on anew, by other voters than its own three U-Nets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.edges import refiner_case
from shoulderseg.workflows.segmentation.finish import finish
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
        votes_per_bone: each bone's voters, (Z, Y, X) in the orientation that the networks saw.
        bundle: the models.
        settings: how they are used.

    Returns:
        The same with other label maps; its quality is that of the U-Nets' vote.
    """
    from shoulderseg.datasets.orientation import reorient, restore
    from shoulderseg.nnunet_ext.inference import slice_axis
    from shoulderseg.refine.padding import scanned_region
    from shoulderseg.refine.voting import fuse

    turn, axis = found.reorientation, slice_axis(bundle.unets)
    seen = volume if turn is None else reorient(volume, turn)
    scanned = scanned_region(seen.array, axis)
    fusion = fuse([[vote * scanned for vote in bone] for bone in votes_per_bone], settings.vote)
    refining = is_refining(bundle, settings)
    case = refiner_case(seen, found.network_output, axis) if refining else None
    finished = finish(bundle, settings, fusion, case, scanned)
    label_map, voted = finished.label_map, finished.voted
    if turn is not None:
        label_map, voted = restore(label_map, turn), restore(voted, turn)
    measures = found.measures | finished.measures
    return replace(found, label_map=label_map, voted=voted, measures=measures)
