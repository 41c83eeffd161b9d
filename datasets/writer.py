"""Writing of images and label maps, complete or not at all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.integrity import check_file
from shoulderseg.datasets.output_file import replaced_file
from shoulderseg.datasets.temporary_folder import temporary_folder
from shoulderseg.datasets.utf8_path import is_utf8
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

_WRITABLE = (".nii.gz", ".nii", ".nrrd", ".mha")


def write_label_map(path: Path, label_map: npt.NDArray[np.uint8], like: Volume) -> None:
    """Writes a label map on the grid of the image it belongs to.

    Args:
        path: File to write, with the suffix `.nii.gz`, `.nii`, `.nrrd` or `.mha` in lower
            case. An existing file is replaced.
        label_map: Labels, uint8, shape (Z, Y, X).
        like: The image whose spacing, origin and direction the file gets.

    Raises:
        ValueError: If the shapes differ, the type is not uint8 or the suffix is not supported.
        OSError: If the file cannot be written. No partial file is left.
    """
    if label_map.shape != like.array.shape:
        msg = (
            f"Label map of shape {label_map.shape} does not fit the image of shape "
            f"{like.array.shape} (Z, Y, X). Write it on the grid it was computed on."
        )
        raise ValueError(msg)
    if label_map.dtype != np.uint8:
        msg = f"Label map has type {label_map.dtype}, expected uint8."
        raise ValueError(msg)
    write_image(path, Volume(label_map, like.spacing_mm, like.origin_mm, like.direction))


def write_image(path: Path, volume: Volume, fields: Mapping[str, str] | None = None) -> None:
    """Writes a volume, compressed where the format can be.

    NIfTI stores the place in single precision: read back, voxels move by less than 1e-4 mm.

    Args:
        path: As for `write_label_map`.
        volume: The volume. Its array's type is the type of the file.
        fields: Text for the header, which NRRD alone keeps under these very keys.

    Raises:
        ValueError: If the suffix is not supported.
        OSError: If the file cannot be written. No partial file is left.
    """
    if not path.name.endswith(_WRITABLE):
        msg = f"Cannot write {path.name}: expected one of the suffixes {', '.join(_WRITABLE)}."
        raise ValueError(msg)
    image = _as_sitk(volume)
    for key, value in (fields or {}).items():
        image.SetMetaData(key, value)
    with replaced_file(path) as part:
        try:
            _write_image(image, part)
            # SimpleITK reports no error when the disk is full while it writes NIfTI.
            check_file(part)
        except (RuntimeError, UnreadableVolumeError):
            msg = f"Cannot write {path.name}: the disk may be full or the folder read-only."
            raise OSError(msg) from None


def _write_image(image: SimpleITK.Image, path: Path) -> None:
    if is_utf8(str(path)):
        SimpleITK.WriteImage(image, str(path), useCompression=True)
        return
    # SimpleITK crashes on names whose bytes are no UTF-8.
    with temporary_folder() as folder:
        plain = folder / path.name
        SimpleITK.WriteImage(image, str(plain), useCompression=True)
        shutil.move(plain, path)


def _as_sitk(volume: Volume) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(volume.array)
    image.SetSpacing(volume.spacing_mm[::-1])
    image.SetOrigin(volume.origin_mm)
    image.SetDirection(volume.direction)
    return image
