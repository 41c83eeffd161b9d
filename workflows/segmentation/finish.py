"""From the vote to the label map: one piece of each bone, edges, label values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.edges import refine
from shoulderseg.workflows.segmentation.second_look import labels_of

if TYPE_CHECKING:
    from shoulderseg.refine.voting import Fusion
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.edges import RefinerCase
    from shoulderseg.workflows.segmentation.settings import Settings


class Scan(NamedTuple):
    """The grid of an image, and where on it the image is.

    Attributes:
        scanned: where the image is no margin, bool (Z, Y, X).
        spacing_mm: voxel size, (Z, Y, X).
    """

    scanned: npt.NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]


class Finished(NamedTuple):
    """What a vote came to.

    Attributes:
        label_map: uint8 (Z, Y, X) with the dataset's label values.
        voted: the same before the edges were refined.
        measures: of the edges, for the run report; empty where they were not refined.
    """

    label_map: npt.NDArray[np.uint8]
    voted: npt.NDArray[np.uint8]
    measures: dict[str, int]


def finish(
    bundle: Bundle,
    settings: Settings,
    fusion: Fusion,
    case: RefinerCase | None,
    scan: Scan,
) -> Finished:
    """Keeps one piece of the bones that have one, and decides their edges.

    Args:
        bundle: the models.
        settings: how they are used.
        fusion: the vote, (Z, Y, X).
        case: as the edge refiner sees it; None where edges are not refined.
        scan: the image's grid.
    """
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.refine.connected_components import keep_one_piece

    single = labels_of(bundle.one_piece)
    second = fusion.probability[1] if len(fusion.probability) > 1 else None
    voted = keep_one_piece(fusion.label_map, single, scan.spacing_mm, second)
    fusion = fusion._replace(label_map=voted)
    refined, measures = fusion.label_map, {}
    if bundle.refiner is not None and case is not None:
        result = refine(bundle.refiner, case, fusion, settings.folds, settings.device)
        # An edge that moves may cut a bone in two.
        moved = result.label_map * scan.scanned
        refined = keep_one_piece(moved, single, scan.spacing_mm, second)
        changed = int(np.count_nonzero(refined != fusion.label_map))
        measures = {"band_voxels": result.band, "changed_voxels": changed}
    lookup = np.array([0, *foreground_labels(bundle.unets.dataset_json).values()], dtype=np.uint8)
    return Finished(lookup[refined], lookup[fusion.label_map], measures)
