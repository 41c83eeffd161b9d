"""What programs hand over: paths, images in memory, names of cases."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

# What an image in memory is called where nothing names it.
IN_MEMORY = "image"


def named_path(path: str | os.PathLike[str]) -> Path:
    """The path that was given.

    Raises:
        ValueError: if it is empty, which pathlib takes for the working folder.
    """
    if not os.fspath(path):
        msg = "the path is empty, expected an image or a folder"
        raise ValueError(msg)
    return Path(path)


def existing_path(path: str | os.PathLike[str]) -> Path:
    """The path that was given.

    Raises:
        FileNotFoundError: if nothing is there.
        ValueError: if it is empty.
    """
    found = named_path(path)
    if not found.exists():
        msg = f"no such file or folder: {found}"
        raise FileNotFoundError(msg)
    return found


def several_images(images: Iterable[object]) -> Iterable[object]:
    """Several images, as they were given.

    Raises:
        TypeError: if it is a single image: a pair of array and affine, or one of SimpleITK, nibabel
            or numpy, which Python would go through voxel by voxel.
    """
    single = any(hasattr(images, name) for name in ("GetSpacing", "dataobj", "ndim"))
    if single or isinstance(images, tuple) or not isinstance(images, Iterable):
        msg = (
            f"found {type(images).__name__}, expected a path or a list of images; of one image, "
            "give a list"
        )
        raise TypeError(msg)
    return images


def check_case_name(name: object) -> None:
    """Sees, before anything runs, that a name can become that of a file.

    Args:
        name: of a case.

    Raises:
        ValueError: if it is empty or no text, or would leave the folder of the results.
    """
    if isinstance(name, str) and name.strip(". ") and not set(name) & set("/\\\0"):
        return
    msg = f"name is {name!r}, expected a file name without folders"
    raise ValueError(msg)
