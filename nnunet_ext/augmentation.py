"""How training slices are varied: as scans of positioned shoulders differ."""

from __future__ import annotations

import math
from typing import Any

from batchgeneratorsv2.transforms.intensity.brightness import MultiplicativeBrightnessTransform
from batchgeneratorsv2.transforms.intensity.contrast import BGContrast, ContrastTransform
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
from batchgeneratorsv2.transforms.intensity.gaussian_noise import GaussianNoiseTransform
from batchgeneratorsv2.transforms.intensity.inversion import InvertImageTransform
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from batchgeneratorsv2.transforms.utils.random import RandomTransform

# nnU-Net turns 2D patches all the way round. Arms hang and slices are tilted along the bones:
# shoulders lie within this of each other.
ROTATION_RAD = (-math.radians(30), math.radians(30))
# Of the two axes of a slice the one along the rows. It makes a left shoulder of a right one in
# coronal and axial slices; nobody is scanned upside down.
MIRROR_AXES = (1,)
# Shares of the slices that are turned and scaled; nnU-Net's is 0.2 for its wider turns.
TURNED_SHARE, SCALED_SHARE = 0.4, 0.3
# Scans of 0.2 to 2.5 mm a pixel are resampled to one spacing and keep the blur they came with;
# nnU-Net blurs down to half the resolution.
LOWEST_RESOLUTION = 0.25
# Strong augmentation, for scanners and sequences that the training images do not show: how often
# each is done, nnU-Net does so in 10 to 30 % of the images, and how much, at most. An estimate.
STRONG_SHARES: dict[type, float] = {
    GaussianNoiseTransform: 0.3,
    GaussianBlurTransform: 0.3,
    MultiplicativeBrightnessTransform: 0.4,
    ContrastTransform: 0.5,
    SimulateLowResolutionTransform: 0.4,
    GammaTransform: 0.4,
}
STRONG_BRIGHTNESS, STRONG_CONTRAST, STRONG_GAMMA = (0.5, 2.0), (0.4, 2.0), (0.4, 2.5)
# What is dark in one sequence is bright in another.
INVERTED_SHARE = 0.15


def vary_as_shoulders(transforms: Any) -> Any:  # noqa: ANN401  (nnU-Net's types are not known)
    """Changes nnU-Net's training transforms in place.

    Args:
        transforms: What `nnUNetTrainer.get_training_transforms` composed.

    Returns:
        The same object, with more turns and scalings, and coarser images among the finer ones.

    Raises:
        RuntimeError: If the turns or the coarser images are not among the transforms, as could be
            with another version of nnU-Net.
    """
    changed = set()
    for transform in transforms.transforms:
        inner = transform.transform if isinstance(transform, RandomTransform) else transform
        if isinstance(inner, SpatialTransform):
            inner.p_rotation, inner.p_scaling = TURNED_SHARE, SCALED_SHARE
            changed.add(SpatialTransform)
        elif isinstance(inner, SimulateLowResolutionTransform):
            inner.scale = (LOWEST_RESOLUTION, 1)
            changed.add(SimulateLowResolutionTransform)
    _require({SpatialTransform, SimulateLowResolutionTransform}, changed)
    return transforms


def vary_strongly(transforms: Any) -> Any:  # noqa: ANN401
    """Makes the intensities of training images vary far more than nnU-Net does, in place.

    Args:
        transforms: What `nnUNetTrainer.get_training_transforms` composed.

    Returns:
        The same object; some images are inverted, too.

    Raises:
        RuntimeError: If one of nnU-Net's changes of intensity is not among the transforms.
    """
    changed, last = set(), 0
    for place, transform in enumerate(transforms.transforms):
        inner = transform.transform if isinstance(transform, RandomTransform) else transform
        if type(inner) not in STRONG_SHARES:
            continue
        transform.apply_probability = STRONG_SHARES[type(inner)]
        changed.add(type(inner))
        last = place + 1
        if isinstance(inner, MultiplicativeBrightnessTransform):
            inner.multiplier_range = BGContrast(STRONG_BRIGHTNESS)
        elif isinstance(inner, ContrastTransform):
            inner.contrast_range = BGContrast(STRONG_CONTRAST)
        elif isinstance(inner, GammaTransform):
            inner.gamma = BGContrast(STRONG_GAMMA)
    _require(set(STRONG_SHARES), changed)
    transforms.transforms.insert(last, InvertImageTransform(INVERTED_SHARE))
    return transforms


def _require(wanted: set[type], changed: set[type]) -> None:
    missing = wanted - changed
    if missing:
        names = ", ".join(sorted(kind.__name__ for kind in missing))
        msg = f"nnU-Net's training transforms hold no {names}; install the pinned nnunetv2"
        raise RuntimeError(msg)
