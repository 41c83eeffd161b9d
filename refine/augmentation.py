"""Random changes of training patches, by batchgenerators.

No mirroring: a shoulder scan has a side, and a mirrored bone edge lies against other tissue.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from batchgenerators.transforms.abstract_transforms import Compose
from batchgenerators.transforms.color_transforms import (
    BrightnessMultiplicativeTransform,
    BrightnessTransform,
    ContrastAugmentationTransform,
    GammaTransform,
)
from batchgenerators.transforms.noise_transforms import (
    GaussianBlurTransform,
    GaussianNoiseTransform,
)
from batchgenerators.transforms.spatial_transforms import SpatialTransform
from numpy.typing import NDArray

_MAX_ANGLE = math.radians(15.0)
_SCALE = (0.85, 1.2)


def source_size(patch_size: int) -> int:
    """Returns the side of the patches to draw, so that turning and shrinking show no border.

    Args:
        patch_size: Side of the patches wanted afterwards.

    Returns:
        An odd number of pixels.
    """
    reach = _SCALE[1] * (math.cos(_MAX_ANGLE) + math.sin(_MAX_ANGLE)) * patch_size / 2
    return 2 * math.ceil(reach) + 1


def build_augmentation(patch_size: int) -> Any:  # noqa: ANN401  (batchgenerators has no types)
    """Builds the transforms from `source_size` patches to patches one pixel larger than wanted.

    The first one moves pixels, the others change grey values.

    Args:
        patch_size: Even side in pixels.

    Returns:
        A callable for `augment`.
    """
    # Odd on both sides: the labelled centre pixel is then the fixed point of turning and scaling,
    # while between even sides it would slip by up to half a pixel.
    spatial = SpatialTransform(
        (patch_size + 1, patch_size + 1),
        do_elastic_deform=False,
        angle_x=(-_MAX_ANGLE, _MAX_ANGLE),
        scale=_SCALE,
        border_mode_data="nearest",
        order_data=1,
        random_crop=False,
        p_rot_per_sample=0.5,
        p_scale_per_sample=0.5,
    )
    return Compose(
        [
            spatial,
            # Neighbouring slices come from one scan, so they change together.
            BrightnessTransform(mu=0.0, sigma=0.2, p_per_sample=0.3, per_channel=False),
            BrightnessMultiplicativeTransform((0.8, 1.25), p_per_sample=0.2, per_channel=False),
            ContrastAugmentationTransform((0.75, 1.25), p_per_sample=0.2, per_channel=False),
            GammaTransform((0.7, 1.5), retain_stats=True, p_per_sample=0.2),
            # batchgenerators takes the "variance" as the standard deviation.
            GaussianNoiseTransform((0.0, 0.15), p_per_sample=0.2),
            GaussianBlurTransform(
                (0.5, 1.0), different_sigma_per_channel=False, p_per_channel=1, p_per_sample=0.15
            ),
        ]
    )


def augment(
    patches: NDArray[np.float32],
    images: int,
    transforms: Any,  # noqa: ANN401
    patch_size: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Changes patches at random; the centre pixel, and so the label, stays.

    Args:
        patches: float32 (N, C, S, S) with S = `source_size(patch_size)`; not changed.
        images: How many channels, from the first, are image; the others are probabilities, which
            turn and scale with the image but keep their values.
        transforms: From `build_augmentation(patch_size)`.
        patch_size: Even side in pixels.
        rng: Source of all randomness.

    Returns:
        float32 (N, C, patch_size, patch_size).
    """
    spatial, *grey = transforms.transforms
    with _seeded_globals(rng):
        changed: NDArray[np.float32] = spatial(data=patches)["data"]
        image = changed[:, :images]
        for transform in grey:
            image = transform(data=image)["data"]
    changed[:, :images] = image
    return changed[:, :, :patch_size, :patch_size]


@contextmanager
def _seeded_globals(rng: np.random.Generator) -> Iterator[None]:
    """Drives the two global generators from `rng` for a while.

    batchgenerators draws from numpy's and Python's global generators and takes no other. Seeding
    both here, and putting their states back, makes runs repeatable and leaves the caller's alone.
    """
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    seed = int(rng.integers(2**32))
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
