"""Reading of images and label maps with SimpleITK."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from shoulderseg.datasets.dicom.header_checks import HeaderError
from shoulderseg.datasets.dicom.single_file import check_labels
from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import (
    DICOM_SUFFIX,
    case_name,
    find_volumes,
    ignored_files,
    is_segmentation,
)
from shoulderseg.datasets.integrity import MAX_VOXELS, check_file, file_format
from shoulderseg.datasets.itk_warnings import silence_itk_warnings
from shoulderseg.datasets.nifti_doubt import orientation_doubt
from shoulderseg.datasets.nifti_file import as_single_slice
from shoulderseg.datasets.nifti_header import NO_ORIENTATION
from shoulderseg.datasets.temporary_folder import temporary_folder
from shoulderseg.datasets.text_header import lacks_orientation
from shoulderseg.datasets.utf8_path import utf8_path
from shoulderseg.datasets.values import as_float32
from shoulderseg.datasets.volume import SHEARED, Volume, ras_affine, with_perpendicular_axes

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.nifti_header import NiftiHeader

__all__ = [
    "MAX_LABEL",
    "UnreadableVolumeError",
    "case_name",
    "find_volumes",
    "ignored_files",
    "read_image",
    "read_label_map",
]

_LOGGER = logging.getLogger(__name__)
_READERS = {
    ".nii": "NiftiImageIO",
    ".nii.gz": "NiftiImageIO",
    ".nrrd": "NrrdImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
    ".dcm": "GDCMImageIO",
}
_PLAUSIBLE_SPACING_MM = (0.01, 100.0)
MAX_LABEL = 65535


def read_image(path: Path, *, flat: bool = False) -> Volume:
    """Reads one grey-value image.

    A 2D image becomes one slice, with the slice spacing its file states or else 1 mm.

    Args:
        path: A `.nii`, `.nii.gz`, `.nrrd`, `.mha` or `.mhd` file, or a single-frame DICOM file.
        flat: Whether it may be without contrast, as one slice of many may.

    Returns:
        The image with a float32 array, rescale slope and intercept applied.

    Raises:
        UnreadableVolumeError: If the file fails `check_file`, is 4D or has several values per
            voxel, has an unusable geometry, holds NaN or infinity, or has no contrast.

    Example:
        >>> from shoulderseg.datasets.writer import write_image
        >>> array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        >>> volume = Volume(array, (3.0, 0.5, 0.5), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_image(Path(folder) / "case.nii.gz", volume)
        ...     read = read_image(Path(folder) / "case.nii.gz")
        >>> read.array.shape, read.spacing_mm  # both (Z, Y, X)
        ((2, 3, 4), (3.0, 0.5, 0.5))
    """
    volume = _read(path)
    try:
        return as_grey_values(volume, flat=flat)
    except ValueError as error:
        raise UnreadableVolumeError(path, str(error)) from None


def as_grey_values(volume: Volume, *, flat: bool = False) -> Volume:
    """Checks the values of an image.

    Args:
        volume: An image with an array of real numbers.
        flat: Whether it may be without contrast.

    Returns:
        The image with a float32 array.

    Raises:
        ValueError: If it fails `checked_grid`, a value is NaN, infinite or too large for float32,
            or all are the same; says which without naming a file.
    """
    volume = checked_grid(volume)
    array = as_float32(volume.array)
    if array.size == 0 or (not flat and array.min() == array.max()):
        value = f"every voxel is {float(array.flat[0]):g}" if array.size else "it has no voxel"
        msg = f"image has no contrast: {value}."
        raise ValueError(msg)
    return Volume(array, volume.spacing_mm, volume.origin_mm, volume.direction)


def checked_grid(volume: Volume) -> Volume:
    """Checks the size of voxels, and makes axes that a header rounded perpendicular.

    Only some formats can hold sheared axes: what is written for such an image in another format
    would lie elsewhere.

    Returns:
        The volume, or one of the same array whose axes are perpendicular.

    Raises:
        ValueError: If a size is below 0.01 or above 100 mm, or the axes are sheared.
    """
    low, high = _PLAUSIBLE_SPACING_MM
    if not all(low <= size <= high for size in volume.spacing_mm):
        msg = (
            f"spacing is {volume.spacing_mm[::-1]} mm (x, y, z), expected {low:g} to {high:g} mm. "
            "Check the unit of length in its header."
        )
        raise ValueError(msg)
    return with_perpendicular_axes(volume)


def read_label_map(path: Path) -> Volume:
    """Reads one label map.

    Args:
        path: As for `read_image`.

    Returns:
        The label map with an array of uint8, or of uint16 if a label is above 255. An array
        without any label is allowed.

    Raises:
        UnreadableVolumeError: As for `read_image`, if a label is no whole number from 0 to 65535,
            and for DICOM if stored values may not be the labels.
    """
    volume = _read(path, labels=True)
    values = np.unique(volume.array)
    wrong = values[~((values >= 0) & (values <= MAX_LABEL) & (values == np.floor(values)))]
    if wrong.size:
        # All digits: 1.0000001 would look like a whole number.
        shown = ", ".join(repr(float(value)).removesuffix(".0") for value in wrong[:5])
        reason = f"labels must be whole numbers from 0 to {MAX_LABEL}, found {shown}."
        raise UnreadableVolumeError(path, reason)
    kind = np.uint8 if values.max() <= np.iinfo(np.uint8).max else np.uint16
    array: npt.NDArray[Any] = volume.array.astype(kind)
    return Volume(array, volume.spacing_mm, volume.origin_mm, volume.direction)


def _read(path: Path, *, labels: bool = False) -> Volume:
    header = check_file(path)
    found = file_format(path)
    name = _READERS[found]
    if labels and found == DICOM_SUFFIX:
        try:
            check_labels(path)
        except HeaderError as error:
            raise UnreadableVolumeError(path, str(error)) from None
    if header is not None and header.is_2d:
        with temporary_folder() as folder:
            flat = folder / "slice.nii"
            flat.write_bytes(as_single_slice(path, header))
            image = _decode(flat, name, path)
    else:
        image = _decode(path, name, path)
    try:
        volume = checked_grid(as_volume(image))
    except ValueError as error:
        raise UnreadableVolumeError(path, str(error)) from None
    if header is not None:
        _warn_of_doubt(path, header, volume)
    elif lacks_orientation(path):
        _LOGGER.warning("%s: %s.", path.name, NO_ORIENTATION)
    return volume


def as_volume(image: SimpleITK.Image) -> Volume:
    """Gives a three-dimensional SimpleITK image as a volume; the array is a copy."""
    return Volume(
        array=SimpleITK.GetArrayFromImage(image),
        spacing_mm=image.GetSpacing()[::-1],
        origin_mm=image.GetOrigin(),
        direction=image.GetDirection(),
    )


def _decode(path: Path, reader_name: str, shown: Path) -> SimpleITK.Image:
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO(reader_name)
    with silence_itk_warnings(), utf8_path(path) as plain:
        reader.SetFileName(str(plain))
        try:
            reader.ReadImageInformation()
            _check_claims(reader, shown)
            return _as_3d(reader.Execute())
        except RuntimeError as error:
            raise UnreadableVolumeError(shown, _explain(str(error))) from None


def _check_claims(reader: SimpleITK.ImageFileReader, path: Path) -> None:
    size = reader.GetSize()
    if reader.GetNumberOfComponents() != 1:
        found = reader.GetNumberOfComponents()
        reason = f"{found} values per voxel (colour or vector), expected one grey value."
        if is_segmentation(path):
            reason = f"its segments overlap and lie in {found} layers. Save it without overlap."
        raise UnreadableVolumeError(path, reason)
    if len(size) < 2 or any(length != 1 for length in size[3:]):
        reason = f"image is {len(size)}D with sizes {size}, expected 3D. Save one volume of it."
        raise UnreadableVolumeError(path, reason)
    if np.prod(size, dtype=np.float64) > MAX_VOXELS:
        reason = f"header claims sizes {size}, at most {MAX_VOXELS} voxels are read."
        raise UnreadableVolumeError(path, reason)
    if "complex" in SimpleITK.GetPixelIDValueAsString(reader.GetPixelID()):
        raise UnreadableVolumeError(path, "voxels are complex, expected one grey value each.")


def _as_3d(image: SimpleITK.Image) -> SimpleITK.Image:
    while image.GetDimension() > 3:
        image = image[(slice(None),) * (image.GetDimension() - 1) + (0,)]
    return SimpleITK.JoinSeries([image]) if image.GetDimension() == 2 else image


def _explain(message: str) -> str:
    if "orthonormal" in message:
        return SHEARED
    return "SimpleITK cannot decode it: it is damaged, cut off or of an unsupported kind."


def _warn_of_doubt(path: Path, header: NiftiHeader, volume: Volume) -> None:
    doubt = orientation_doubt(header, ras_affine(volume))
    if doubt is not None:
        _LOGGER.warning("%s: %s.", path.name, doubt)
