"""Images that a program already holds: of SimpleITK, of nibabel, or an array with its affine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from shoulderseg.datasets.reader import as_grey_values, as_volume
from shoulderseg.datasets.volume import Volume, volume_of

if TYPE_CHECKING:
    import numpy.typing as npt

EXPECTED = (
    "a SimpleITK image, a nibabel image, or a pair (array, affine) with an array of shape "
    "(Z, Y, X) and nibabel's 4 x 4 affine"
)


def image_from(image: object) -> Volume:
    """Takes an image from memory, with the checks that files go through.

    Args:
        image: A SimpleITK image; a nibabel image, whose own array is (X, Y, Z); or `(array,
            affine)` with an array of shape (Z, Y, X) and an affine from voxel indices (x, y, z) to
            RAS mm. Two dimensions, or more of which those beyond three have length 1, are one
            volume.

    Returns:
        The image with a float32 array of its own.

    Raises:
        TypeError: If it is none of these.
        ValueError: If it is not one grey value a voxel, has no regular grid, holds NaN or
            infinity, or has no contrast.
    """
    return as_grey_values(_volume_from(image))


def _volume_from(image: object) -> Volume:
    if isinstance(image, SimpleITK.Image):
        return _from_sitk(image)
    if isinstance(image, Volume):
        return Volume(
            _three_dimensional(image.array), image.spacing_mm, image.origin_mm, image.direction
        )
    # Nibabel is no dependency; its images are known by what they have.
    if hasattr(image, "dataobj") and hasattr(image, "affine"):
        array = _trimmed(np.asanyarray(image.dataobj))
        return volume_of(_three_dimensional(np.transpose(array)), image.affine)
    if isinstance(image, tuple) and len(image) == 2:
        array, affine = image
        return volume_of(_three_dimensional(np.asarray(array)), affine)
    msg = f"found {type(image).__name__}, expected {EXPECTED}"
    raise TypeError(msg)


def _from_sitk(image: SimpleITK.Image) -> Volume:
    if image.GetNumberOfComponentsPerPixel() != 1:
        msg = f"{image.GetNumberOfComponentsPerPixel()} values per voxel, expected one grey value."
        raise ValueError(msg)
    size = image.GetSize()
    if any(length != 1 for length in size[3:]):
        msg = f"image is {len(size)}D with sizes {size}, expected 3D. Take one volume of it."
        raise ValueError(msg)
    while image.GetDimension() > 3:
        image = image[(slice(None),) * (image.GetDimension() - 1) + (0,)]
    if image.GetDimension() == 2:
        image = SimpleITK.JoinSeries([image])
    volume = as_volume(image)
    return Volume(
        _three_dimensional(volume.array), volume.spacing_mm, volume.origin_mm, volume.direction
    )


def _trimmed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Leaves out axes of length 1 beyond the third, and gives a slice its third."""
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    return array[..., None] if array.ndim == 2 else array


def _three_dimensional(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind not in "biuf":
        msg = f"voxels are {array.dtype}, expected one grey value each."
        raise ValueError(msg)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        msg = f"array has shape {array.shape}, expected three axes (Z, Y, X)."
        raise ValueError(msg)
    return array
