"""The slices of a case as a page shows them: small pictures, and the labels on the same pixels."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

    Bytes = npt.NDArray[np.uint8]

MOST_SLICES = 24
MOST_PIXELS = 320
THUMBNAIL_PIXELS = 160
# Of WebP: the first with which the slices of a case stay small enough, or else the last.
_QUALITIES, _THUMBNAIL_QUALITY = (60, 40, 20), 20
MOST_BYTES = 260_000
# Beyond these shares of the voxels grey values are shown black and white.
_WINDOW_PERCENT = (1.0, 99.5)
_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))


class Shown(NamedTuple):
    """A case as its pictures are made of it.

    Attributes:
        grid: label map, uint8 (Z, Y, X), slices first, as a scanner stores them.
        image: grey values of the same grid, float32; None where the image is not at hand.
        values: the voxel value of each bone, in their order.
    """

    grid: Volume
    image: npt.NDArray[np.float32] | None
    values: tuple[int, ...]


def shown_case(label_map: Volume, image: Volume | None, values: Sequence[int]) -> Shown:
    """Lays a case as a scanner stores slices.

    Args:
        label_map: labels, uint8 (Z, Y, X), of any orientation.
        image: the image on the same grid; None where it is not at hand.
        values: the voxel value of each bone, in their order.
    """
    from shoulderseg.datasets.orientation import find_reorientation, reorient

    reorientation = find_reorientation(label_map)
    grey = None
    if image is not None:
        grey = reorient(replace(label_map, array=image.array), reorientation).array
    return Shown(reorient(label_map, reorientation), grey, tuple(values))


def slice_pictures(shown: Shown) -> dict[str, Any]:
    """Gives the slices as plain values for a script.

    At most 24 slices of at most 320 x 320 square pixels are kept: those with bone, and one beyond
    on either side, come first, evenly thinned out where there are more.

    Args:
        shown: the case.

    Returns:
        `wide`, `high` and `pixel_mm` of the pictures; `numbers` of the slices kept, from 1, and
        `of`, how many there are; `images`, a WebP each in base64, or None without an image;
        `labels`, the numbers of the bones from 1, uint8, slice after slice, by zlib and base64;
        `sides`, the letters of left, right, top and bottom edge.
    """
    chosen = _chosen(shown.grid.array)
    wide, high, pixel_mm = _picture_size(shown.grid)
    images = None
    if shown.image is not None:
        grey = _windowed(shown.image)
        images = _all_webp([_resized(grey[z], (wide, high)) for z in chosen])
    numbers = _numbered(shown)
    labels = [_resized(numbers[z], (wide, high), exact=True) for z in chosen]
    packed = zlib.compress(np.stack(labels).tobytes(), 9)
    return {
        "wide": wide,
        "high": high,
        "pixel_mm": round(pixel_mm, 4),
        "numbers": [int(z) + 1 for z in chosen],
        "of": len(numbers),
        "images": images,
        "labels": base64.b64encode(packed).decode("ascii"),
        "sides": _sides(shown.grid),
    }


def thumbnail(shown: Shown, colours: Sequence[tuple[int, int, int]]) -> str:
    """Gives the slice with most bone, outlined, as a WebP of at most 160 x 160 in base64.

    Args:
        shown: the case.
        colours: of each bone, red, green and blue.
    """
    numbers = _numbered(shown)
    areas = np.count_nonzero(numbers, axis=(1, 2))
    z = int(areas.argmax()) if areas.any() else len(numbers) // 2
    wide, high, _ = _picture_size(shown.grid, THUMBNAIL_PIXELS)
    if shown.image is None:
        grey = np.zeros((high, wide), np.uint8)
    else:
        grey = _resized(_windowed(shown.image)[z], (wide, high))
    labels = _resized(numbers[z], (wide, high), exact=True)
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    for number, colour in enumerate(colours, start=1):
        picture[_outline(labels == number)] = colour
    return _webp(picture, _THUMBNAIL_QUALITY, effort=6)


def _numbered(shown: Shown) -> Bytes:
    """Label values as the numbers of the bones, from 1; any other value counts as background."""
    lookup = np.zeros(256, np.uint8)
    for number, value in enumerate(shown.values, start=1):
        lookup[value] = number
    numbers: Bytes = lookup[shown.grid.array]
    return numbers


def _chosen(labels: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    filled = np.flatnonzero(labels.any(axis=(1, 2)))
    every = np.arange(len(labels))
    if len(every) <= MOST_SLICES or not len(filled):
        wanted = every
    else:
        wanted = np.arange(max(filled[0] - 1, 0), min(filled[-1] + 2, len(every)))
        # Slices without bone fill up what is left, those nearest to it first.
        spare = max(0, MOST_SLICES - len(wanted))
        first = max(0, min(int(wanted[0]) - spare // 2, len(every) - len(wanted) - spare))
        wanted = np.arange(first, first + len(wanted) + spare)
    kept = np.linspace(0, len(wanted) - 1, min(MOST_SLICES, len(wanted))).round().astype(int)
    chosen: npt.NDArray[np.intp] = wanted[kept]
    return chosen


def _picture_size(grid: Volume, most: int = MOST_PIXELS) -> tuple[int, int, float]:
    """Width and height in square pixels, and the length of one in mm; never finer than the grid."""
    rows, columns = grid.array.shape[1:]
    high_mm, wide_mm = rows * grid.spacing_mm[1], columns * grid.spacing_mm[2]
    pixel_mm = max(min(grid.spacing_mm[1:]), high_mm / most, wide_mm / most)
    return max(1, round(wide_mm / pixel_mm)), max(1, round(high_mm / pixel_mm)), pixel_mm


def _windowed(image: npt.NDArray[Any]) -> Bytes:
    low, high = np.percentile(image, _WINDOW_PERCENT)
    scaled = (image - low) * (255.0 / max(float(high - low), 1e-6))
    grey: Bytes = np.clip(scaled, 0, 255).astype(np.uint8)
    return grey


def _resized(plane: Bytes, size: tuple[int, int], *, exact: bool = False) -> Bytes:
    """A slice at another size; with `exact` no new values arise."""
    from PIL import Image

    way = Image.Resampling.NEAREST if exact else Image.Resampling.LANCZOS
    if plane.shape == (size[1], size[0]):
        return plane
    return np.asarray(Image.fromarray(plane).resize(size, way))


def _all_webp(pictures: Sequence[Bytes]) -> list[str]:
    encoded: list[str] = []
    for quality in _QUALITIES:
        encoded = [_webp(picture, quality) for picture in pictures]
        if sum(map(len, encoded)) <= MOST_BYTES:
            break
    return encoded


def _webp(picture: Bytes, quality: int, effort: int = 4) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=quality, method=effort)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The pixels at most two away from the outside of a mask, within it."""
    inner = mask
    for _ in range(2):
        padded = np.pad(inner, 1)
        inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:] & inner
    outline: npt.NDArray[np.bool_] = mask & ~inner
    return outline


def _sides(grid: Volume) -> list[str]:
    """Letters of the patient's sides at left, right, top and bottom edge, as the header says."""
    axes = np.reshape(grid.direction, (3, 3)).T
    letters = []
    for axis in (axes[0], axes[1]):
        k = int(np.argmax(np.abs(axis)))
        low, high = _LETTERS[k]
        letters += [low, high] if axis[k] > 0 else [high, low]
    return letters
