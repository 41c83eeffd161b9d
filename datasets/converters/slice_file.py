"""Reading of one 2D image file: PNG, TIFF or a single DICOM slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import DICOM_SUFFIX
from shoulderseg.datasets.integrity import MAX_VOXELS
from shoulderseg.datasets.reader import MAX_LABEL, read_image, read_label_map

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

_READERS = {".png": "PNGImageIO", ".tif": "TIFFImageIO", ".tiff": "TIFFImageIO"}
SLICE_SUFFIXES = (*_READERS, DICOM_SUFFIX)


def read_slice(path: Path) -> tuple[npt.NDArray[np.float32], Volume | None]:
    """Reads the grey values of one slice.

    Args:
        path: A PNG or TIFF file of one page, or a DICOM file of one frame. Colour channels are
            taken for grey if they are all alike; a fourth channel (opacity) is left out.

    Returns:
        float32, shape (Y, X), values as stored (DICOM: rescaled); and for DICOM the slice as a
        volume, with its place.

    Raises:
        UnreadableVolumeError: If the file is damaged, in colour, of several pages or holds values
            that are no finite numbers.
    """
    if path.suffix.lower() == DICOM_SUFFIX:
        volume = read_image(path)
        return volume.array[0].astype(np.float32), volume
    array = _decode(path).astype(np.float32)
    if not np.isfinite(array).all():
        reason = "it holds values that are not finite numbers. Repair the image."
        raise UnreadableVolumeError(path, reason)
    return array, None


def read_mask(path: Path) -> npt.NDArray[np.uint16]:
    """Reads the labels of one slice.

    Args:
        path: As for `read_slice`.

    Returns:
        uint16, shape (Y, X).

    Raises:
        UnreadableVolumeError: As `read_slice`, and if a label is no whole number from 0 to 65535.
    """
    if path.suffix.lower() == DICOM_SUFFIX:
        array: npt.NDArray[Any] = read_label_map(path).array[0]
    else:
        array = _decode(path)
    whole = (array >= 0) & (array <= MAX_LABEL) & (array == np.floor(array))
    if not whole.all():
        reason = f"labels must be whole numbers from 0 to {MAX_LABEL}. Save the mask as integers."
        raise UnreadableVolumeError(path, reason)
    return array.astype(np.uint16)


def _decode(path: Path) -> npt.NDArray[Any]:
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(_READERS[path.suffix.lower()])
    try:
        reader.ReadImageInformation()
        size = reader.GetSize()
        if any(length != 1 for length in size[2:]):
            reason = f"it has {size[2]} pages, expected one slice a file. Save them one by one."
            raise UnreadableVolumeError(path, reason)
        if np.prod(size, dtype=np.float64) > MAX_VOXELS:
            reason = f"its header claims sizes {size}, at most {MAX_VOXELS} pixels are read."
            raise UnreadableVolumeError(path, reason)
        array = SimpleITK.GetArrayFromImage(reader.Execute())
    except RuntimeError:
        reason = (
            "it is damaged, cut off or of an unsupported kind, expected a grey PNG or TIFF file. "
            "Save it again as 8-bit or 16-bit grey."
        )
        raise UnreadableVolumeError(path, reason) from None
    grey = _grey(array, reader.GetNumberOfComponents(), path)
    return np.reshape(grey, size[1::-1])


def _grey(array: npt.NDArray[Any], channels: int, path: Path) -> npt.NDArray[Any]:
    if channels == 1:
        return array
    if channels not in (3, 4) or (array[..., :3] != array[..., :1]).any():
        reason = (
            f"it is in colour ({channels} channels that differ, or a palette), expected grey. Save "
            "it as 8-bit or 16-bit grey; a mask with the label numbers as values."
        )
        raise UnreadableVolumeError(path, reason)
    return array[..., 0]
