"""The voxels of a stack, decoded file by file in the given order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import shown_name
from shoulderseg.datasets.integrity import MAX_VOXELS, check_file
from shoulderseg.datasets.plain_path import plain_path
from shoulderseg.datasets.quiet import quiet
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.dicom.stack import Stack


def read_stack(stack: Stack) -> Volume:
    """Decode the slices of a stack; rescale slope and intercept are those of each slice.

    Where `MONOCHROME1` says that small values are bright, values are turned round, so that what a
    viewer shows bright is large.

    Args:
        stack: The ordered slices.

    Returns:
        The image, float32, (Z, Y, X).

    Raises:
        UnreadableVolumeError: If a file cannot be decoded, two slices at the same place differ, a
            value is not finite, or the image has no contrast; names the file.
    """
    rows, columns = stack.slices[0].shape
    if rows * columns * len(stack.slices) > MAX_VOXELS:
        reason = f"{len(stack.slices)} slices of {rows} x {columns}: more than {MAX_VOXELS} voxels."
        raise UnreadableVolumeError(stack.slices[0].path, reason)
    array = np.empty((len(stack.slices), rows, columns), np.float32)
    for index, header in enumerate(stack.slices):
        array[index] = _decode(header.path, header.shape)
    check_duplicates(stack)
    if not np.isfinite(array).all():
        raise UnreadableVolumeError(stack.slices[0].path, "some voxels are not finite numbers.")
    if array.min() == array.max():
        reason = f"image has no contrast: every voxel is {float(array.flat[0]):g}."
        raise UnreadableVolumeError(stack.slices[0].path, reason)
    return Volume(array, stack.spacing_mm, stack.origin_mm, stack.direction)


def check_duplicates(stack: Stack) -> None:
    """Compare slices that lie at the same place, which takes decoding them.

    Raises:
        UnreadableVolumeError: If two of them differ or cannot be decoded; names the file.
    """
    for kept, other in stack.duplicates:
        if not np.array_equal(_decode(kept.path, kept.shape), _decode(other.path, other.shape)):
            reason = (
                f"lies at the same place as {shown_name(kept.path)} and shows something else. "
                "Two scans were mixed; keep one of them."
            )
            raise UnreadableVolumeError(other.path, reason)


def _decode(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    check_file(path)
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    with quiet(), plain_path(path) as plain:
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
