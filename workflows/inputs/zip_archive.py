"""Images out of a zip file, within limits and nowhere but in the folder meant for them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from shoulderseg.workflows.bundles.limits import Limits, check_count, check_ratio, check_size
from shoulderseg.workflows.bundles.unpack import readable_zip, refuse_special

if TYPE_CHECKING:
    from zipfile import ZipInfo

# A large examination: 20 thousand images, 8 GiB. MR images rarely pack to less than a tenth, label
# maps and empty margins do.
LIMITS = Limits(
    entries=100_000,
    size=8 * 2**30,
    ratio=200,
    ratio_from=2**22,
    table=2**25,
    of="a zip file of images",
)
SUFFIX = ".zip"
_LONGEST_NAME = 200
_CHUNK = 2**20


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Gives what is in a zip file as a folder for a while, and any other path as it is.

    Raises:
        ValueError: As `unpack_images`.
    """
    if path.suffix.lower() != SUFFIX or not path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="shoulderseg-") as folder:
        unpack_images(path, Path(folder))
        yield Path(folder)


def unpack_images(archive: Path, folder: Path, limits: Limits = LIMITS) -> None:
    """Unpacks a zip file with its folders. Sizes count as written, not as the archive says.

    Messages of errors hold no names of entries: archives name files after patients.

    Args:
        archive: The zip file.
        folder: An empty folder.
        limits: What it may take up.

    Raises:
        ValueError: If the archive is damaged, exceeds the limits, holds a link or an encrypted
            file, or a name that leads out of the folder; some files may then have been written.
        OSError: If a file cannot be written.
    """
    with readable_zip(archive, limits.table, quoted=False) as (content, packed):
        infos = [info for info in content.infolist() if not info.is_dir()]
        check_count(archive.name, len(infos), limits)
        total = 0
        for info in infos:
            target = folder / _inner_path(archive.name, info)
            written = 0
            entry_packed = min(info.compress_size, packed)
            with content.open(info) as stream, _new_file(archive.name, target) as file:
                while chunk := stream.read(_CHUNK):
                    written += len(chunk)
                    total += len(chunk)
                    check_size(archive.name, total, limits)
                    check_ratio(archive.name, written, entry_packed, limits)
                    check_ratio(archive.name, total, packed, limits)
                    file.write(chunk)


def _new_file(archive: str, target: Path) -> BinaryIO:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("xb")
    except OSError as error:
        msg = f"an entry of {archive} cannot be unpacked ({error.strerror}); pack the images again"
        raise OSError(msg) from None


def _inner_path(archive: str, info: ZipInfo) -> Path:
    """Where an entry goes, relative to the folder.

    Raises:
        ValueError: If its name could lead elsewhere, or it is no plain file.
    """
    refuse_special(archive, info, quoted=False)
    # Old Windows programs write backslashes.
    path = PurePosixPath(info.orig_filename.replace("\\", "/"))
    bad = (
        path.is_absolute()
        or not path.parts
        or any(part in ("..", ".") or len(part.encode()) > _LONGEST_NAME for part in path.parts)
        or re.match(r"[A-Za-z]:", info.orig_filename) is not None
        or "\0" in info.orig_filename
        or len(info.orig_filename) > 4 * _LONGEST_NAME
    )
    if bad:
        msg = (
            f"{archive} holds an entry whose name leads out of its folder or is too long; pack the "
            "images again, with plain relative names"
        )
        raise ValueError(msg)
    return Path(*path.parts)
