"""Reading of one 2D image file: PNG, TIFF or a single DICOM slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.converters.source import reason_of
from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import DICOM_SUFFIX
from shoulderseg.datasets.integrity import MAX_VOXELS
from shoulderseg.datasets.png_file import read_png
from shoulderseg.datasets.reader import MAX_LABEL, read_image, read_label_map
from shoulderseg.datasets.samples import as_grey
from shoulderseg.datasets.tiff_file import read_tiff
from shoulderseg.datasets.values import as_float32

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.samples import Samples
    from shoulderseg.datasets.volume import Volume

_READERS = {".png": read_png, ".tif": read_tiff, ".tiff": read_tiff}
_DOUBTFUL_LABELS = {
    "inverted": "small values are bright in it (min-is-white), so its labels may be the stored or "
    "the displayed values. Save the mask as min-is-black.",
    "palette": "it has a palette, so its labels may be the stored numbers or their colours. Save "
    "the mask as 8-bit or 16-bit grey with the label numbers as values.",
}
_DOUBTFUL_LABELS["lossy"] = (
    "it is packed as JPEG or a kin, which changes values at edges: labels may be made up. Save the "
    "mask uncompressed, or packed without loss (deflate, LZW)."
)
SLICE_SUFFIXES = (*_READERS, DICOM_SUFFIX)


def read_slice(path: Path) -> tuple[npt.NDArray[np.float32], Volume | None]:
    """Reads the grey values of one slice.

    Args:
        path: A PNG or TIFF file of one page, or a DICOM file of one frame. Colour channels are
            taken for grey if they are all alike; full opacity is left out.

    Returns:
        float32, shape (Y, X), upright (TIFF and Exif orientation), values as stored (DICOM:
        rescaled), turned round where small ones are bright; and for DICOM the slice as a volume,
        with its place.

    Raises:
        UnreadableVolumeError: If the file is damaged, in colour, transparent, of several pages or
            holds values that are no finite numbers.
    """
    if path.suffix.lower() == DICOM_SUFFIX:
        # One slice of a stack may be black; the stack may not.
        volume = read_image(path, flat=True)
        return volume.array[0].astype(np.float32), volume
    try:
        return as_float32(_grey(_decode(path), path)), None
    except UnreadableVolumeError:
        raise
    except ValueError as error:
        raise UnreadableVolumeError(path, str(error)) from None


def read_mask(path: Path) -> tuple[npt.NDArray[np.uint16], Volume | None]:
    """Reads the labels of one slice.

    Args:
        path: As for `read_slice`.

    Returns:
        uint16, shape (Y, X); and for DICOM the slice as a volume, with its place.

    Raises:
        UnreadableVolumeError: As `read_slice`, if a label is no whole number from 0 to 65535, and
            if it is not told whether stored or displayed values are the labels.
    """
    place: Volume | None = None
    if path.suffix.lower() == DICOM_SUFFIX:
        place = read_label_map(path)
        array: npt.NDArray[Any] = place.array[0]
    else:
        samples = _decode(path)
        doubt = "lossy" if samples.lossy else samples.meaning
        if doubt:
            raise UnreadableVolumeError(path, _DOUBTFUL_LABELS[doubt])
        array = _grey(samples, path)
    whole = (array >= 0) & (array <= MAX_LABEL) & (array == np.floor(array))
    if not whole.all():
        reason = f"labels must be whole numbers from 0 to {MAX_LABEL}. Save the mask as integers."
        raise UnreadableVolumeError(path, reason)
    return array.astype(np.uint16), place


def _decode(path: Path) -> Samples:
    try:
        return _READERS[path.suffix.lower()](path, MAX_VOXELS)
    except (ValueError, OSError) as error:
        raise UnreadableVolumeError(path, reason_of(error)) from None


def _grey(samples: Samples, path: Path) -> npt.NDArray[Any]:
    try:
        return as_grey(samples)
    except ValueError as error:
        raise UnreadableVolumeError(path, str(error)) from None
