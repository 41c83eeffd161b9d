"""Tiles of a contact sheet: slices cut square around the joint at one scale, with captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion, map_coordinates

from shoulderseg.datasets.labels import PALETTE
from shoulderseg.datasets.phantom.case import GLENOID_LABEL, HUMERUS_LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS, TILE, CAPTION, GAP = 4, 392, 34, 6
VIEW_MM = 140.0
# Few enough that noise packs well, enough that shades look smooth.
GREYS = 40
BACKGROUND, INK = (16, 16, 18), (214, 214, 214)


class Tile(NamedTuple):
    """One picture of the sheet.

    Attributes:
        pixels: A slice, float32 (Y, X).
        spacing_mm: Of its pixels along (Y, X).
        middle: Array position (Y, X) of the middle of the view.
        caption: Two short lines.
        label_map: Labels of the slice, or None for a real image.
    """

    pixels: npt.NDArray[np.float32]
    spacing_mm: tuple[float, float]
    middle: tuple[float, float]
    caption: tuple[str, str]
    label_map: npt.NDArray[np.uint8] | None


def write_sheet(path: Path, tiles: Sequence[Tile], *, outlined: bool) -> None:
    """Lays the tiles out and saves them with few shades.

    Args:
        path: The PNG.
        tiles: Row by row, at least one.
        outlined: Whether the outlines of humerus and glenoid are drawn.
    """
    rows = -(-len(tiles) // COLUMNS)
    size = (COLUMNS * (TILE + GAP) + GAP, rows * (TILE + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        left, top = GAP + column * (TILE + GAP), GAP + row * (TILE + CAPTION + GAP)
        sheet.paste(Image.fromarray(_picture(tile, outlined=outlined)), (left, top))
        for line, text in enumerate(tile.caption):
            draw.text((left + 2, top + TILE + 1 + 15 * line), text, INK, font)
    palette = sheet.quantize(GREYS + 24, dither=Image.Dither.NONE)
    palette.save(path, optimize=True)


def _picture(tile: Tile, *, outlined: bool) -> npt.NDArray[np.uint8]:
    """The view of a tile as RGB bytes, (TILE, TILE, 3)."""
    places = _view(tile)
    pixels = map_coordinates(tile.pixels, places, order=1)
    inside = np.all(
        [(p >= 0) & (p <= n - 1) for p, n in zip(places, tile.pixels.shape, strict=True)], 0
    )
    low, high = np.percentile(pixels[inside], (0.5, 99.5))
    shade = np.clip((pixels - low) / max(high - low, 1e-6), 0, 1)
    grey = np.where(
        inside, np.rint(np.rint(shade * (GREYS - 1)) * 255 / (GREYS - 1)), BACKGROUND[0]
    )
    picture = np.repeat(grey[..., None].astype(np.uint8), 3, axis=2)
    _draw_scale(picture)
    if outlined and tile.label_map is not None:
        for label, colour in zip((HUMERUS_LABEL, GLENOID_LABEL), PALETTE[:2], strict=True):
            share = map_coordinates((tile.label_map == label).astype(np.float32), places, order=1)
            mask = share >= 0.5
            picture[mask & ~binary_erosion(mask, iterations=2)] = colour
    return picture


def _view(tile: Tile) -> npt.NDArray[np.float64]:
    """Array positions of the picture's pixels, (2, TILE, TILE)."""
    places = []
    offsets = ((np.arange(TILE) + 0.5) / TILE - 0.5) * VIEW_MM
    for middle, step, count in zip(tile.middle, tile.spacing_mm, tile.pixels.shape, strict=True):
        # A view beyond the image's edge would show nothing there.
        room = max(((count - 1) * step - VIEW_MM) / 2, 0) / step
        centre = np.clip(middle, (count - 1) / 2 - room, (count - 1) / 2 + room)
        places.append(centre + offsets / step)
    return np.stack(np.meshgrid(*places, indexing="ij"))


def _draw_scale(picture: npt.NDArray[np.uint8]) -> None:
    """Two centimetres in the lower left corner."""
    length = round(20 / VIEW_MM * TILE)
    picture[-9:-6, 8 : 8 + length] = 255
