"""One case from image to label map: the voters, the vote, the edge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.case_quality import measure_quality, quality_record
from shoulderseg.workflows.segmentation.edges import classifier_opinions, refine, refiner_case

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.evaluation.quality.measures import CaseQuality
    from shoulderseg.refine.voting import Fusion, Rule
    from shoulderseg.workflows.bundles.bundle import Bundle


@dataclass(frozen=True)
class Settings:
    """How `predict` works on a case.

    Attributes:
        device: cpu, cuda or mps.
        folds: folds of the U-Nets, None for all.
        mirroring: whether the U-Nets average over mirror images.
        vote: how the voters are fused.
        refine: whether the AlexNet decides the edges; None asks the bundle whether that helps.
        all_voters: whether the AlexNet votes beside the U-Nets.
        as_stored: whether volumes are left as they lie in their files, though the bundle was
            trained on upright ones.
    """

    device: str
    folds: list[str] | None
    mirroring: bool
    vote: Rule
    refine: bool | None = None
    all_voters: bool = False
    as_stored: bool = False


@dataclass(frozen=True)
class Segmentation:
    """What came out for one case.

    Attributes:
        label_map: uint8 (Z, Y, X) with the dataset's label values, on the image's grid; nothing in
            margins of a single value, which no scanner measured.
        voted: the same before the edges were refined.
        unets: each U-Net's mask, bool (Z, Y, X).
        quality: how far the votes speak for the result, before the edges were refined.
        measures: disagreement, voxel counts and quality for the run report.
        seconds: time of each stage.
    """

    label_map: npt.NDArray[np.uint8]
    voted: npt.NDArray[np.uint8]
    unets: dict[str, npt.NDArray[np.bool_]]
    quality: CaseQuality
    measures: dict[str, Any]
    seconds: dict[str, float]


def is_refining(bundle: Bundle, settings: Settings) -> bool:
    """Whether edges will be refined: as asked for, or else where the bundle's refiner helps.

    That it helps was shown for the majority of the three U-Nets, so only for that is it a default.
    """
    if bundle.refiner is None:
        return False
    if settings.refine is not None:
        return settings.refine
    usual = settings.vote == "majority" and not settings.all_voters
    return usual and bundle.refiner.helps


def prepare(bundle: Bundle, settings: Settings) -> Callable[[Volume], Segmentation]:
    """Loads the networks onto the device once.

    Args:
        bundle: the models.
        settings: how to work.

    Returns:
        A function from an image to its segmentation.

    Raises:
        ValueError: if the bundle lacks a fold or the AlexNet that was asked for.
    """
    import torch

    from shoulderseg.nnunet_ext.inference import build_predictors, slice_axis

    predictors = build_predictors(
        bundle.unets,
        torch.device(settings.device),
        folds=settings.folds,
        mirroring=settings.mirroring,
    )
    if settings.all_voters and bundle.refiner is None:
        msg = "the bundle has no AlexNet to vote; make one with `shoulderseg train-refiner`"
        raise ValueError(msg)
    axis = slice_axis(bundle.unets)

    def segment(volume: Volume) -> Segmentation:
        from shoulderseg.datasets.orientation import find_reorientation, reorient, restore

        if settings.as_stored or not bundle.upright:
            return segment_as_stored(volume)
        reorientation = find_reorientation(volume)
        reoriented = segment_as_stored(reorient(volume, reorientation))
        return replace(
            reoriented,
            label_map=restore(reoriented.label_map, reorientation),
            voted=restore(reoriented.voted, reorientation),
            unets={
                variant: restore(mask, reorientation) for variant, mask in reoriented.unets.items()
            },
            measures=reoriented.measures | {"turned": reorientation._asdict()},
        )

    def segment_as_stored(volume: Volume) -> Segmentation:
        from shoulderseg.nnunet_ext.inference import predict_probabilities
        from shoulderseg.nnunet_ext.regions import foreground_labels
        from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
        from shoulderseg.refine.connected_components import keep_largest_component
        from shoulderseg.refine.padding import scanned_region
        from shoulderseg.refine.voting import fuse

        seconds: dict[str, float] = {}
        with _timed(seconds, "unets"):
            bones = predict_probabilities(predictors, volume.array, volume.spacing_mm)
        # Before anything is counted, compared or kept because it is the largest.
        scanned = scanned_region(volume.array, axis)
        bones = {variant: probability * scanned for variant, probability in bones.items()}
        own = [[bones[FIRST]], [bones[SECOND]]]
        refiner, where, folds = bundle.refiner, settings.device, settings.folds
        refining = is_refining(bundle, settings)
        case = None
        if refiner is not None and (refining or settings.all_voters):
            case = refiner_case(volume, bones, axis)
        if refiner is not None and case is not None and settings.all_voters:
            with _timed(seconds, "fourth_voter"):
                said = classifier_opinions(refiner, case, folds, where)
                own = [[*voters, vote * scanned] for voters, vote in zip(own, said, strict=True)]
        with _timed(seconds, "vote"):
            fusion = fuse(own, settings.vote, whole=[bones[WHOLE]])
        with _timed(seconds, "quality"):
            quality = measure_quality(bones, fusion, volume.spacing_mm, axis)
        measures = _measures(fusion)
        pieces = [1 + (FIRST, SECOND).index(bone) for bone in bundle.one_piece]
        fusion = fusion._replace(label_map=keep_largest_component(fusion.label_map, pieces))
        refined = fusion.label_map
        if refiner is not None and case is not None and refining:
            with _timed(seconds, "edges"):
                result = refine(refiner, case, fusion, folds, where)
            refined = result.label_map * scanned
            measures |= {"band_voxels": result.band, "changed_voxels": result.changed}
        labels = foreground_labels(bundle.unets.dataset_json)
        measures["quality"] = quality_record(quality, bundle.quality, list(labels))
        lookup = np.array([0, *labels.values()], dtype=np.uint8)
        return Segmentation(
            label_map=lookup[refined],
            voted=lookup[fusion.label_map],
            unets={variant: probability > 0.5 for variant, probability in bones.items()},
            quality=quality,
            measures=measures,
            seconds=seconds,
        )

    return segment


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
