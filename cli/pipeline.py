"""One case from image to label map: three U-Nets, the vote, the edge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shoulderseg.cli.slices import slices_back, slices_first, spacing_first

if TYPE_CHECKING:
    from shoulderseg.cli.bundles import Bundle
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.voting import Fusion, Rule


@dataclass(frozen=True)
class Settings:
    """How `predict` works on a case.

    Attributes:
        device: cpu, cuda or mps.
        folds: folds of the U-Nets, None for all.
        mirroring: whether the U-Nets average over mirror images.
        vote: how the voters are fused.
        refine: whether the AlexNet decides the edges.
    """

    device: str
    folds: list[str] | None
    mirroring: bool
    vote: Rule
    refine: bool


@dataclass(frozen=True)
class Segmentation:
    """What came out for one case.

    Attributes:
        label_map: uint8 (Z, Y, X) with the dataset's label values, on the image's grid.
        voted: the same before the edges were refined.
        unets: each U-Net's mask, bool (Z, Y, X).
        measures: disagreement and voxel counts for the run report.
        seconds: time of each stage.
    """

    label_map: npt.NDArray[np.uint8]
    voted: npt.NDArray[np.uint8]
    unets: dict[str, npt.NDArray[np.bool_]]
    measures: dict[str, Any]
    seconds: dict[str, float]


def prepare(bundle: Bundle, settings: Settings) -> Callable[[Volume], Segmentation]:
    """Loads the networks onto the device once.

    Args:
        bundle: the models.
        settings: how to work.

    Returns:
        A function from an image to its segmentation.

    Raises:
        ValueError: if the bundle lacks a fold that was asked for.
    """
    import torch

    from shoulderseg.nnunet_ext.inference import build_predictors, slice_axis

    predictors = build_predictors(
        bundle.unets,
        torch.device(settings.device),
        folds=settings.folds,
        mirroring=settings.mirroring,
    )
    axis = slice_axis(bundle.unets)

    def segment(volume: Volume) -> Segmentation:
        from shoulderseg.nnunet_ext.inference import predict_probabilities
        from shoulderseg.nnunet_ext.regions import foreground_labels
        from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
        from shoulderseg.refine.voting import fuse

        seconds: dict[str, float] = {}
        with _timed(seconds, "unets"):
            bones = predict_probabilities(predictors, volume.array, volume.spacing_mm)
        with _timed(seconds, "vote"):
            own = [[bones[FIRST]], [bones[SECOND]]]
            fusion = fuse(own, settings.vote, whole=[bones[WHOLE]])
        refined, measures = fusion.label_map, _measures(fusion)
        if settings.refine and bundle.classifier is not None:
            with _timed(seconds, "edges"):
                refined, counts = _refine(bundle, volume, fusion, axis, settings.device)
            measures |= counts
        values = [0, *foreground_labels(bundle.unets.dataset_json).values()]
        lookup = np.array(values, dtype=np.uint8)
        return Segmentation(
            label_map=lookup[refined],
            voted=lookup[fusion.label_map],
            unets={variant: probability > 0.5 for variant, probability in bones.items()},
            measures=measures,
            seconds=seconds,
        )

    return segment


def _refine(
    bundle: Bundle, volume: Volume, fusion: Fusion, axis: int, device: str
) -> tuple[npt.NDArray[np.uint8], dict[str, int]]:
    from shoulderseg.refine.classify import normalise_volume
    from shoulderseg.refine.edges import RefineConfig, refine_edges

    if bundle.classifier is None:
        msg = "the bundle has no edge refiner; train one with `shoulderseg train-refiner`"
        raise ValueError(msg)
    refinement = refine_edges(
        slices_first(normalise_volume(volume.array), axis),
        slices_first(fusion.label_map, axis),
        slices_first(fusion.disagreement, axis),
        bundle.classifier,
        spacing_first(volume.spacing_mm, axis),
        RefineConfig(band_mm=bundle.band_mm, pixel_mm=bundle.pixel_mm),
        device,
    )
    counts = {"band_voxels": refinement.band, "changed_voxels": refinement.changed}
    return slices_back(refinement.label_map, axis), counts


def _measures(fusion: Fusion) -> dict[str, Any]:
    voted = int(np.count_nonzero(fusion.label_map))
    disputed = int(np.count_nonzero(fusion.disagreement))
    either = int(np.count_nonzero(fusion.disagreement | (fusion.label_map > 0)))
    return {
        "voted_voxels": voted,
        "disputed_voxels": disputed,
        # Share of all voxels that were voted bone or disputed; 0 where nothing was found.
        "voter_disagreement": round(disputed / either, 6) if either else 0.0,
    }


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - started, 4)
