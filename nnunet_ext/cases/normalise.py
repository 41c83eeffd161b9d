"""nnU-Net's normalisations of intensities, in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
_LEAST = 1e-8


def normalise(
    scheme: str, image: FloatArray, inside: BoolArray | None, known: Mapping[str, float]
) -> None:
    """Normalises an image in place.

    Args:
        scheme: As plans name it, one of `SCHEMES`.
        image: float32, any shape; changed.
        inside: Where the image counts, for plans that normalise within the patient alone.
        known: Intensities of the training's foreground, for CT.

    Raises:
        KeyError: If the scheme is none of them, or CT's intensities are not there.
    """
    SCHEMES[scheme](image, inside, known)


def _z_score(image: FloatArray, inside: BoolArray | None, _: Mapping[str, float]) -> None:
    if inside is None:
        mean, deviation = image.mean(), image.std()
        image -= mean
        image /= max(deviation, _LEAST)
        return
    counted = image[inside]
    image[inside] = (counted - counted.mean()) / max(counted.std(), _LEAST)


def _ct(image: FloatArray, _: BoolArray | None, known: Mapping[str, float]) -> None:
    np.clip(image, known["percentile_00_5"], known["percentile_99_5"], out=image)
    image -= known["mean"]
    image /= max(known["std"], _LEAST)


def _nothing(_: FloatArray, __: BoolArray | None, ___: Mapping[str, float]) -> None:
    """As it is."""


def _to_one(image: FloatArray, _: BoolArray | None, __: Mapping[str, float]) -> None:
    image -= image.min()
    image /= max(image.max(), _LEAST)


SCHEMES: dict[str, Callable[[FloatArray, BoolArray | None, Mapping[str, float]], None]] = {
    "ZScoreNormalization": _z_score,
    "CTNormalization": _ct,
    "NoNormalization": _nothing,
    "RescaleTo01Normalization": _to_one,
}
