"""Pictures for the experiment's page: slices with outlines, box plots, learning curves."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

# Of the reference and of the result.
REFERENCE_COLOUR, RESULT_COLOUR = (255, 207, 64), (80, 200, 255)
_MOST_PIXELS = 420
_WINDOW_PERCENT = (1.0, 99.5)


class Box(NamedTuple):
    """A box plot, in the unit of the values.

    Attributes:
        low: the least value.
        first: lower quartile.
        median: of the values.
        third: upper quartile.
        high: the greatest value.
        values: all of them.
    """

    low: float
    first: float
    median: float
    third: float
    high: float
    values: tuple[float, ...]


def box_of(values: Sequence[float]) -> Box | None:
    """Five numbers of a box plot; None where there is no value."""
    counted = sorted(value for value in values if not math.isnan(value))
    if not counted:
        return None
    low, first, median, third, high = np.quantile(counted, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return Box(low, first, median, third, high, tuple(counted))


def chosen_slices(
    dice: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> list[tuple[str, str, int]]:
    """Chooses the best, the median and the worst slice, by the mean Dice of the bones in it.

    Args:
        dice: for each case and bone the Dice of each slice by its number.

    Returns:
        For each whether it is `best`, `median` or `worst`, its case and its number; a slice comes
        once, so that fewer than three slices are all there are.
    """
    means: list[tuple[float, str, int]] = []
    for case, bones in dice.items():
        for z in {z for slices in bones.values() for z in slices}:
            values = [slices[z] for slices in bones.values() if z in slices]
            means.append((float(np.mean(values)), case, int(z)))
    if not means:
        return []
    means.sort(reverse=True)
    places = {len(means) // 2: "median", len(means) - 1: "worst", 0: "best"}
    return [(places[place], *means[place][1:]) for place in sorted(places)]


def slice_picture(
    image: Volume,
    result: npt.NDArray[np.uint8],
    reference: npt.NDArray[np.uint8],
    place: int,
    axis: int,
) -> str:
    """Draws a slice with the outlines of result and reference, as a PNG in base64.

    Args:
        image: the image.
        result: bones by number, (Z, Y, X).
        reference: likewise.
        place: number of the slice.
        axis: along which the slices lie.
    """
    from PIL import Image

    grey, found, wanted = (
        np.moveaxis(array, axis, 0)[place] for array in (image.array, result, reference)
    )
    high_mm, wide_mm = (
        count * step
        for count, step in zip(grey.shape, np.delete(np.array(image.spacing_mm), axis), strict=True)
    )
    scale = _MOST_PIXELS / max(high_mm, wide_mm)
    size = max(1, round(wide_mm * scale)), max(1, round(high_mm * scale))
    low, high = np.percentile(image.array, _WINDOW_PERCENT)
    shown = np.clip((grey - low) / max(high - low, 1e-6), 0, 1) * 255
    picture = np.array(Image.fromarray(shown.astype(np.uint8)).resize(size)).astype(np.uint8)
    coloured = np.repeat(picture[:, :, None], 3, axis=2)
    for labels, colour in ((wanted, REFERENCE_COLOUR), (found, RESULT_COLOUR)):
        large = np.array(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
        for number in np.unique(large[large > 0]):
            coloured[_outline(large == number)] = colour
    stream = io.BytesIO()
    Image.fromarray(coloured).save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    from scipy.ndimage import binary_erosion

    edge: npt.NDArray[np.bool_] = mask & ~binary_erosion(mask)
    return edge


def polyline(points: Sequence[tuple[float, float]], bounds: tuple[float, ...]) -> str:
    """Points of an SVG polyline in a field of 100 by 40.

    Args:
        points: x and y.
        bounds: the least and the greatest x, the least and the greatest y.
    """
    left, right, bottom, top = bounds
    wide, high = max(right - left, 1e-9), max(top - bottom, 1e-9)
    return " ".join(
        f"{(x - left) / wide * 100:.2f},{40 - (y - bottom) / high * 40:.2f}" for x, y in points
    )
