"""What a bundle's U-Nets say of images with label maps, for a slice context to learn from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shoulderseg.datasets.pair_match import Pair
    from shoulderseg.refine.slice_context_training import ContextCase
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.segment import Segment


def prepare_voters(bundle: Bundle, device: str, *, mirroring: bool) -> Segment:
    """Loads a bundle's U-Nets, to see the slices of images alone and say what they think.

    Args:
        bundle: the models.
        device: cpu, cuda or mps.
        mirroring: whether mirror images are averaged over.
    """
    from shoulderseg.workflows.segmentation.segment import prepare
    from shoulderseg.workflows.segmentation.settings import Settings

    settings = Settings(
        device, None, mirroring, "majority", refine=False, three_planes=False, slice_context=False
    )
    return prepare(bundle, settings)


def voted_case(pair: Pair, bundle: Bundle, segment: Segment) -> ContextCase:
    """Segments an image, and puts what its U-Nets say beside the truth.

    Args:
        pair: image and label map.
        bundle: the models.
        segment: from `prepare_voters`.

    Returns:
        What lies around the bones, slices first, as the U-Nets saw it.

    Raises:
        ValueError: if a file cannot be used; names it.
    """
    from shoulderseg.datasets.orientation import reorient
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.nnunet_ext.inference import slice_axis
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.slice_context_training import ContextCase
    from shoulderseg.workflows.calibration.references import read_reference

    labels = foreground_labels(bundle.unets.dataset_json)
    image = read_image(pair.image)
    reference = read_reference(pair.label, image, labels)
    found = segment(image)
    if found.reorientation is not None:
        reference = reorient(reference, found.reorientation)
    axis = slice_axis(bundle.unets)
    said = np.stack(
        [np.moveaxis(found.network_output[name], axis, 0) for name in (FIRST, SECOND, WHOLE)]
    )
    truth = np.moveaxis(reference.array, axis, 0)
    bones = np.stack([truth == value for value in labels.values()])
    sides_mm = list(reference.spacing_mm)
    spacing_mm = (sides_mm.pop(axis), sides_mm[0], sides_mm[1])
    return _cropped(ContextCase(said.astype(np.float16), bones, spacing_mm))


def _cropped(case: ContextCase) -> ContextCase:
    """What lies around the bones in rows and columns, of all slices: no correction is farther."""
    from shoulderseg.refine.slice_context_region import region_around

    region = region_around([*case.probabilities, *case.bones], case.bones.shape[1])
    if region is None:
        return case
    box = (slice(None), *region)
    # Copies, so that the whole images are let go.
    return replace(case, probabilities=case.probabilities[box].copy(), bones=case.bones[box].copy())
