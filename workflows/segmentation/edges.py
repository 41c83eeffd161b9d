"""The edge refiner on a case: as a voter, and to decide the edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.slices import (
    Spacing,
    slices_back,
    slices_first,
    spacing_first,
)

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.edges import EdgeRefinement
    from shoulderseg.refine.ensemble import ClassifyConfig
    from shoulderseg.refine.network import PatchAlexNet
    from shoulderseg.refine.voting import Fusion
    from shoulderseg.workflows.bundles.bundle import Refiner


class RefinerCase(NamedTuple):
    """A case as the edge refiner sees it, its slices along the first axis.

    Attributes:
        image: float32, normalised.
        votes: float32 (3, ...), the U-Nets' probabilities.
        spacing_mm: voxel size, the slice axis first.
        axis: where the slices lie in the volume's own array.
        further: each bone's voters that are no U-Nets, float32, which the classifiers do not see.
    """

    image: npt.NDArray[np.float32]
    votes: npt.NDArray[np.float32]
    spacing_mm: Spacing
    axis: int
    further: Sequence[Sequence[npt.NDArray[np.float32]]] = ()


def refiner_case(
    volume: Volume,
    votes: Mapping[str, npt.NDArray[np.float32]],
    axis: int,
    further: Sequence[Sequence[npt.NDArray[np.float32]]] = (),
) -> RefinerCase:
    """Normalises a volume and brings it and its votes in slice order.

    Args:
        volume: the image.
        votes: each U-Net's probability, (Z, Y, X), in the order of the trainers.
        axis: the axis along which the 2D networks take their slices.
        further: each bone's voters that are no U-Nets, (Z, Y, X); empty for none.
    """
    from shoulderseg.refine.normalise import normalise_volume

    return RefinerCase(
        image=slices_first(normalise_volume(volume.array), axis),
        votes=np.stack([slices_first(vote, axis) for vote in votes.values()]),
        spacing_mm=spacing_first(volume.spacing_mm, axis),
        axis=axis,
        further=[[slices_first(vote, axis) for vote in bone] for bone in further],
    )


def classifier_opinions(
    refiner: Refiner, case: RefinerCase, folds: Sequence[str] | None, device: str
) -> list[npt.NDArray[np.float32]]:
    """What the classifiers say of each bone, as voters, on the volume's own axes."""
    from shoulderseg.refine.fourth_voter import classifier_votes

    votes = classifier_votes(
        _chosen_classifiers(refiner, folds),
        case.image,
        case.votes,
        case.spacing_mm,
        _config(refiner),
        device,
    )
    return [slices_back(vote, case.axis) for vote in votes]


def refine(
    refiner: Refiner, case: RefinerCase, fusion: Fusion, folds: Sequence[str] | None, device: str
) -> EdgeRefinement:
    """Decides the edges of the vote by the bundle's rule; on the volume's own axes."""
    from shoulderseg.refine.edges import Voted, refine_edges

    voted = Voted(
        slices_first(fusion.label_map, case.axis),
        slices_first(fusion.disagreement, case.axis),
        case.votes,
        case.further,
    )
    result = refine_edges(
        case.image,
        voted,
        _chosen_classifiers(refiner, folds),
        case.spacing_mm,
        refiner.rule,
        _config(refiner),
        device,
    )
    return result._replace(label_map=slices_back(result.label_map, case.axis))


def _chosen_classifiers(refiner: Refiner, folds: Sequence[str] | None) -> list[PatchAlexNet]:
    """The classifiers of some folds; all of them where none of these has one."""
    of_folds = [refiner.classifiers[fold] for fold in folds or () if fold in refiner.classifiers]
    return of_folds or list(refiner.classifiers.values())


def _config(refiner: Refiner) -> ClassifyConfig:
    from shoulderseg.refine.ensemble import ClassifyConfig

    return ClassifyConfig(pixel_mm=refiner.pixel_mm)
