"""The voxels of a stack, decoded file by file in the given order.

Errors speak of slices by their place in the stack: archives name files after patients.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK

from shoulderseg.datasets.dicom.frame_pixels import MultiFrameFiles
from shoulderseg.datasets.dicom.header_checks import HeaderError
from shoulderseg.datasets.dicom.single_file import check_slice
from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.integrity import MAX_VOXELS
from shoulderseg.datasets.itk_warnings import silence_itk_warnings
from shoulderseg.datasets.utf8_path import utf8_path
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.dicom.header import SliceHeader
    from shoulderseg.datasets.dicom.stack import Stack

_LOGGER = logging.getLogger(__name__)


def read_stack(stack: Stack) -> Volume:
    """Decodes the slices of a stack; rescale slope and intercept are those of each slice.

    Where `MONOCHROME1` says that small values are bright, values are turned round, so that what a
    viewer shows bright is large.

    Args:
        stack: The ordered slices.

    Returns:
        The image, float32, (Z, Y, X).

    Raises:
        UnreadableVolumeError: If a file cannot be decoded, two slices at the same place differ, a
            value is not finite, or the image has no contrast; says which slice, never which file.
    """
    rows, columns = stack.slices[0].shape
    if rows * columns * len(stack.slices) > MAX_VOXELS:
        reason = f"{len(stack.slices)} slices of {rows} x {columns}: more than {MAX_VOXELS} voxels."
        raise UnreadableVolumeError(stack.slices[0].path, reason, called="")
    if any(header.is_annotated for header in stack.slices):
        _LOGGER.warning(
            "text is burnt into the pixels of a series (BurnedInAnnotation is YES): look at its "
            "pictures, and the patient's name may be there; `inspect` shows which series"
        )
    array = np.empty((len(stack.slices), rows, columns), np.float32)
    files = MultiFrameFiles()
    for index, header in enumerate(stack.slices):
        array[index] = _decode(header, stack.place(header), files)
    check_duplicates(stack)
    if not np.isfinite(array).all():
        reason = "some voxels are not finite numbers."
        raise UnreadableVolumeError(stack.slices[0].path, reason, called="")
    if array.min() == array.max():
        reason = f"image has no contrast: every voxel is {float(array.flat[0]):g}."
        raise UnreadableVolumeError(stack.slices[0].path, reason, called="")
    return Volume(array, stack.spacing_mm, stack.origin_mm, stack.direction)


def check_duplicates(stack: Stack) -> None:
    """Compares slices that lie at the same place, which takes decoding them.

    Raises:
        UnreadableVolumeError: If two of them differ or cannot be decoded; says which slice.
    """
    files = MultiFrameFiles()
    for kept, other in stack.duplicates:
        place = stack.place(kept)
        if not np.array_equal(_decode(kept, place, files), _decode(other, place, files)):
            reason = (
                "another image lies at the same place and shows something else. "
                "Two scans were mixed; keep one of them."
            )
            raise UnreadableVolumeError(other.path, reason, called=place)


def _decode(header: SliceHeader, place: str, files: MultiFrameFiles) -> npt.NDArray[np.float32]:
    try:
        if header.frame:
            return files.decode(header, _decode_file)
        return _decode_file(header.path, header.shape)
    except HeaderError as error:
        raise UnreadableVolumeError(header.path, str(error), called=place) from None
    except UnreadableVolumeError as error:
        raise UnreadableVolumeError(header.path, error.reason, called=place) from None
    except FileNotFoundError:
        raise UnreadableVolumeError(
            header.path, "there is no such file any more.", called=place
        ) from None
    except OSError as error:
        # Its own message holds the whole path.
        reason = f"file cannot be opened ({error.strerror})."
        raise UnreadableVolumeError(header.path, reason, called=place) from None


def _decode_file(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    check_slice(path)
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    with silence_itk_warnings(), utf8_path(path) as plain:
        reader.SetFileName(str(plain))
        try:
            image = reader.Execute()
        except RuntimeError:
            reason = "SimpleITK cannot decode it: it is damaged, cut off or of an unsupported kind."
            raise UnreadableVolumeError(path, reason) from None
    array = np.asarray(SimpleITK.GetArrayFromImage(image))
    array = array.reshape(array.shape[-2:]) if array.size == np.prod(shape) else array
    if array.shape != shape or image.GetNumberOfComponentsPerPixel() != 1:
        reason = f"holds an image of shape {array.shape}, its header says {shape}."
        raise UnreadableVolumeError(path, reason)
    return array.astype(np.float32)
