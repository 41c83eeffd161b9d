"""Images made worse on purpose, so that a calibration also sees poor segmentations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Image = NDArray[np.float32]

_PERCENTILES = (1.0, 99.0)


def degraded_copies(image: Image, copies: int, rng: np.random.Generator) -> list[tuple[str, Image]]:
    """Makes worse copies of an image.

    The kinds take turns in an order drawn anew for each image; the strength is drawn as well.

    Args:
        image: float32 (Z, Y, X), finite; axis 0 is the slice axis. It is not changed.
        copies: How many.
        rng: Source of all randomness.

    Returns:
        Kind and float32 (Z, Y, X) of each copy: noise, blur, an inverted block, or low contrast.
        An image without contrast, or an empty one, comes back as it is under these names.
    """
    order = list(rng.permutation(list(_KINDS)))
    made = []
    for number in range(copies):
        kind = str(order[number % len(order)])
        low, high = np.percentile(image, _PERCENTILES) if image.size else (0.0, 0.0)
        worse = image.copy() if high <= low else _KINDS[kind](image, float(low), float(high), rng)
        made.append((kind, worse.astype(np.float32)))
    return made


def _strength(rng: np.random.Generator, least: float, most: float) -> float:
    """Evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def _noise(image: Image, low: float, high: float, rng: np.random.Generator) -> Image:
    sd = (high - low) * _strength(rng, 0.05, 0.8)
    return image + (sd * rng.standard_normal(image.shape)).astype(np.float32)


def _blur(image: Image, low: float, high: float, rng: np.random.Generator) -> Image:
    pixels = _strength(rng, 0.02, 0.08) * max(image.shape[1:])
    blurred: Image = gaussian_filter(image, (0.0, pixels, pixels))
    return blurred


def _inverted_block(image: Image, low: float, high: float, rng: np.random.Generator) -> Image:
    block = []
    for size in image.shape:
        length = max(1, round(size * rng.uniform(0.3, 0.8)))
        start = int(rng.integers(size - length + 1))
        block.append(slice(start, start + length))
    worse = image.copy()
    worse[tuple(block)] = low + high - worse[tuple(block)]
    return worse


def _low_contrast(image: Image, low: float, high: float, rng: np.random.Generator) -> Image:
    """Squeezes the dark or the bright half, which no later normalisation undoes."""
    scaled = np.clip((image - low) / (high - low), 0.0, 1.0)
    gamma = _strength(rng, 2.0, 8.0)
    bright = bool(rng.integers(2))
    squeezed = 1.0 - (1.0 - scaled) ** gamma if bright else scaled**gamma
    worse: Image = low + (high - low) * squeezed
    return worse


_KINDS: dict[str, Callable[[Image, float, float, np.random.Generator], Image]] = {
    "noise": _noise,
    "blur": _blur,
    "inverted block": _inverted_block,
    "low contrast": _low_contrast,
}
