"""Which image files hold their slices in canonical orientation, told from their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.itk_warnings import silence_itk_warnings
from shoulderseg.datasets.orientation import Reorientation, find_reorientation
from shoulderseg.datasets.utf8_path import utf8_path
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_AS_STORED = Reorientation((0, 1, 2), ())


def stored_otherwise(paths: Iterable[Path]) -> list[Path]:
    """Lists the images that `reorient` would change; no voxel is read.

    Args:
        paths: Image files of three dimensions.

    Returns:
        Those in another than the canonical orientation, in the order given; none for none.

    Raises:
        UnreadableVolumeError: If a header cannot be read or is not that of a volume.
    """
    return [path for path in paths if find_reorientation(_grid(path)) != _AS_STORED]


def _grid(path: Path) -> Volume:
    """The volume's geometry, with an array of no memory."""
    reader = SimpleITK.ImageFileReader()
    with silence_itk_warnings(), utf8_path(path) as plain:
        reader.SetFileName(str(plain))
        try:
            reader.ReadImageInformation()
        except RuntimeError:
            raise UnreadableVolumeError(path, "its header cannot be read.") from None
    if reader.GetDimension() != 3:
        reason = f"image is {reader.GetDimension()}D, expected 3D."
        raise UnreadableVolumeError(path, reason)
    return Volume(
        np.broadcast_to(np.uint8(0), reader.GetSize()[::-1]),
        reader.GetSpacing()[::-1],
        reader.GetOrigin(),
        reader.GetDirection(),
    )
