"""One case from image to label map: the voters, the vote, the edge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.case_quality import measure_quality, quality_record
from shoulderseg.workflows.segmentation.context import correct_slices
from shoulderseg.workflows.segmentation.edges import classifier_opinions, refiner_case
from shoulderseg.workflows.segmentation.finish import Scan, finish
from shoulderseg.workflows.segmentation.refining import (
    check_settings,
    has_three_planes,
    is_cropping,
    is_refining,
)
from shoulderseg.workflows.segmentation.second_look import bone_finder
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    from shoulderseg.datasets.orientation import Reorientation
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.evaluation.quality.measures import CaseQuality
    from shoulderseg.nnunet_ext.predictors import Predictors
    from shoulderseg.refine.voting import Fusion
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.edges import RefinerCase

Probability = npt.NDArray[np.float32]
# Is told which share of a case's networks has run, 0 to 1.
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Segmentation:
    """What came out for one case.

    Attributes:
        label_map: uint8 (Z, Y, X) with the dataset's label values, on the image's grid; nothing in
            margins of a single value, which no scanner measured.
        voted: the same before the edges were refined.
        network_output: each U-Net's probability, float32, in the orientation that it saw.
        quality: how far the votes speak for the result, before the edges were refined.
        measures: disagreement, voxel counts and quality for the run report.
        seconds: time of each stage.
        reorientation: how the image was reoriented for the networks; None if it was not.
    """

    label_map: npt.NDArray[np.uint8]
    voted: npt.NDArray[np.uint8]
    network_output: dict[str, Probability] = field(repr=False)
    quality: CaseQuality
    measures: dict[str, Any]
    seconds: dict[str, float]
    reorientation: Reorientation | None = None

    @property
    def probabilities(self) -> dict[str, Probability]:
        """Each U-Net's probability, float32 (Z, Y, X), on the image's grid; made when asked for."""
        if self.reorientation is None:
            return dict(self.network_output)
        from shoulderseg.datasets.orientation import restore

        return {
            variant: restore(probability, self.reorientation)
            for variant, probability in self.network_output.items()
        }

    @property
    def unets(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Each U-Net's mask, bool (Z, Y, X), on the image's grid."""
        return {variant: probability > 0.5 for variant, probability in self.probabilities.items()}


class Segment(Protocol):
    """A function from an image to its segmentation."""

    def __call__(self, volume: Volume, on_progress: OnProgress | None = None) -> Segmentation:
        """Segments a volume, and tells how far it is."""


def prepare(bundle: Bundle, settings: Settings) -> Segment:
    """Loads the networks onto the device once.

    Args:
        bundle: the models.
        settings: how to work.

    Returns:
        A function from an image to its segmentation.

    Raises:
        ValueError: if the bundle lacks a fold or the AlexNet that was asked for.
    """
    from shoulderseg.nnunet_ext.predictors import build_predictors

    predictors = build_predictors(
        bundle.unets,
        settings.device,
        folds=settings.folds,
        mirroring=settings.mirroring,
        engine=settings.engine,
        precision=settings.precision,
        crop=is_cropping(bundle, settings),
    )
    check_settings(bundle, settings)

    def segment(volume: Volume, on_progress: OnProgress | None = None) -> Segmentation:
        from shoulderseg.datasets.orientation import find_reorientation, reorient, restore

        if settings.as_stored or not bundle.upright:
            return _segment_as_stored(volume, bundle, settings, predictors, on_progress)
        reorientation = find_reorientation(volume)
        found = _segment_as_stored(
            reorient(volume, reorientation), bundle, settings, predictors, on_progress
        )
        return replace(
            found,
            label_map=restore(found.label_map, reorientation),
            voted=restore(found.voted, reorientation),
            reorientation=reorientation,
            measures=found.measures | {"turned": reorientation._asdict()},
        )

    return segment


def _segment_as_stored(
    volume: Volume,
    bundle: Bundle,
    settings: Settings,
    predictors: Predictors,
    on_progress: OnProgress | None,
) -> Segmentation:
    """Segments a volume in the orientation of its array."""
    from shoulderseg.nnunet_ext.inference import predict_probabilities, slice_axis
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.refine.padding import scanned_region
    from shoulderseg.workflows.segmentation.planes import (
        add_other_planes,
        nearly_same,
        suits_three_planes,
        third_of_progress,
    )

    seconds: dict[str, float] = {}
    axis = slice_axis(bundle.unets)
    three = has_three_planes(bundle, settings) and suits_three_planes(volume)
    with _timed(seconds, "unets"):
        told = third_of_progress(on_progress, 0) if three else on_progress
        bones_of = bone_finder(bundle.one_piece, volume, axis)
        bones = predict_probabilities(predictors, volume.array, volume.spacing_mm, told, bones_of)
        correct_slices(bones, volume, bundle, settings, axis)
    # Before anything is counted, compared or kept because it is the largest.
    scanned = scanned_region(volume.array, axis)
    case, fusion = _voted(volume, bones, bundle, settings, scanned, seconds)
    with _timed(seconds, "quality"):
        quality = measure_quality(bones, fusion, volume.spacing_mm, axis)
    if three:
        with _timed(seconds, "unets"):
            add_other_planes(bones, predictors, volume, bundle.one_piece, on_progress)
        before = fusion.label_map
        case, fusion = _voted(volume, bones, bundle, settings, scanned, seconds)
        # Probabilities of several planes are less sure than those that calibrations know.
        if not nearly_same(before, fusion.label_map):
            with _timed(seconds, "quality"):
                quality = measure_quality(bones, fusion, volume.spacing_mm, axis)
    refining, measures = is_refining(bundle, settings), vote_measures(fusion)
    labels = foreground_labels(bundle.unets.dataset_json)
    with _timed(seconds, "edges"):
        scan = Scan(scanned, volume.spacing_mm)
        finished = finish(bundle, settings, fusion, case if refining else None, scan)
    if not refining:
        del seconds["edges"]
    measures |= finished.measures
    measures["quality"] = quality_record(quality, bundle.quality, list(labels))
    return Segmentation(finished.label_map, finished.voted, bones, quality, measures, seconds)


def _voted(
    volume: Volume,
    bones: dict[str, Probability],
    bundle: Bundle,
    settings: Settings,
    scanned: npt.NDArray[np.bool_],
    seconds: dict[str, float],
) -> tuple[RefinerCase | None, Fusion]:
    """What an edge refiner sees, where there is one to use, and the vote."""
    from shoulderseg.nnunet_ext.inference import slice_axis

    for probability in bones.values():
        # In place, since a large case hardly fits into memory once.
        probability *= scanned
    used = is_refining(bundle, settings) or settings.all_voters
    case = refiner_case(volume, bones, slice_axis(bundle.unets)) if used else None
    return case, _vote(bones, bundle, settings, case, scanned, seconds)


def _vote(
    bones: dict[str, Probability],
    bundle: Bundle,
    settings: Settings,
    case: RefinerCase | None,
    scanned: npt.NDArray[np.bool_],
    seconds: dict[str, float],
) -> Fusion:
    """Fuses the U-Nets' votes, with the AlexNet's where it votes."""
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.voting import fuse

    votes_per_bone = [[bones[FIRST]], [bones[SECOND]]]
    if settings.all_voters and bundle.refiner is not None and case is not None:
        with _timed(seconds, "fourth_voter"):
            opinions = classifier_opinions(bundle.refiner, case, settings.folds, settings.device)
            votes_per_bone = [
                [*votes, opinion * scanned]
                for votes, opinion in zip(votes_per_bone, opinions, strict=True)
            ]
    with _timed(seconds, "vote"):
        return fuse(votes_per_bone, settings.vote, whole=[bones[WHOLE]])


def vote_measures(fusion: Fusion) -> dict[str, Any]:
    """How many voxels were voted bone, and how many disputed, for the run report."""
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
    # A stage may come again.
    seconds[stage] = round(seconds.get(stage, 0.0) + time.perf_counter() - started, 4)
