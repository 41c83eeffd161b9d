"""Valid grey TIFF and PNG files of many layouts, and what Pillow reads in damaged ones."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_TIFF: tuple[dict[str, Any], ...] = (
    {},
    {"rowsperstrip": 5},
    {"tile": (16, 16)},
    {"compression": "zlib"},
    {"compression": "lzw", "tile": (16, 32)},
    {"byteorder": ">"},
    {"photometric": "miniswhite"},
)
_ORIENTATION, _LAST_ROW_BY_ROW = 274, 4
# What Pillow keeps the values of.
_TRUE_MODES = ("L", "I;16", "I;16B", "I", "F")


def write_tiff(path: Path, plane: npt.NDArray[np.uint16], rng: np.random.Generator) -> None:
    """Writes a grey TIFF of 8 or 16 bits, in strips or tiles."""
    options = {"photometric": "minisblack", **_TIFF[int(rng.integers(len(_TIFF)))]}
    kind = np.uint8 if options["photometric"] == "miniswhite" or rng.random() < 0.3 else np.uint16
    turn = int(rng.integers(1, 9))
    tags = [(274, "H", 1, turn, True)]
    tifffile.imwrite(path, (plane % 250).astype(kind), extratags=tags, metadata=None, **options)


def write_png(path: Path, plane: npt.NDArray[np.uint16], rng: np.random.Generator) -> None:
    """Writes a grey PNG of 8 or 16 bits."""
    eight = rng.random() < 0.5
    Image.fromarray((plane % 250).astype(np.uint8) if eight else plane).save(path)


def read_by_pillow(path: Path) -> npt.NDArray[Any] | None:
    """Reads grey values upright; None where Pillow cannot, or changes values itself."""
    with contextlib.suppress(Exception), Image.open(path) as image:
        if image.format == "TIFF" and image.getexif().get(_ORIENTATION, 1) > _LAST_ROW_BY_ROW:
            # Pillow mixes up the pixels of 16 bits that are stored column by column.
            return None
        image.load()
        if image.mode in _TRUE_MODES and getattr(image, "n_frames", 1) == 1:
            # Of TIFF it is upright once it is loaded.
            return np.asarray(image if image.format == "TIFF" else ImageOps.exif_transpose(image))
    return None
