"""File names that every library can open and every terminal can show."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shoulderseg.datasets.files import image_suffix
from shoulderseg.datasets.temporary_folder import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def utf8_path(path: Path) -> Iterator[Path]:
    """Gives a path that is text: SimpleITK crashes on names whose bytes are no UTF-8.

    Args:
        path: An existing file.

    Yields:
        The path itself, or for a while a link to it (where there are no links, a copy) under a
        plain name with the same image suffix.
    """
    if is_utf8(str(path)):
        yield path
        return
    with temporary_folder() as folder:
        plain = folder / f"file{image_suffix(path)}"
        try:
            plain.symlink_to(path.absolute())
        except OSError:
            shutil.copyfile(path, plain)
        yield plain


def is_utf8(name: str) -> bool:
    """Tells whether a name can be written as UTF-8; old archives hold others."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
