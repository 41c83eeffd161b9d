"""Images out of a zip file, within limits and nowhere but in the folder meant for them."""

from __future__ import annotations

import os
import re
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
_DOCUMENTS = frozenset(
    {
        *(".pdf", ".txt", ".rtf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt"),
        *(".html", ".htm", ".xml", ".xsl", ".css", ".js", ".json", ".md", ".log", ".csv", ".ini"),
        *(".jpg", ".jpeg", ".png", ".gif", ".bmp", ".ico", ".svg", ".mp4", ".avi", ".hl7", ".cda"),
        *(".exe", ".dll", ".jar", ".msi", ".bat", ".sh", ".app", ".so", ".dylib", ".py", ".class"),
        ".inf",
    }
)
_LONGEST_NAME = 200
_CHUNK = 2**20


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Gives what is in a zip file as a folder for a while, and any other path as it is.

    The folder is this user's alone. Folders that killed processes have left are removed.

    Raises:
        ValueError: As `unpack_images`.
    """
    from shoulderseg.datasets.temporary_folder import sweep_temporary_folders, temporary_folder

    # Programs that call this come by no command, which would do it.
    sweep_temporary_folders()
    if path.suffix.lower() != SUFFIX or not path.is_file():
        yield path
        return
    with temporary_folder() as folder:
        unpack_images(path, folder)
        yield folder


def unpack_images(archive: Path, folder: Path, limits: Limits = LIMITS) -> None:
    """Unpacks a zip file with its folders. Sizes count as written, not as the archive says.

    Of what is called as a document or a program, and is no DICOM, an empty file is made: reports
    and viewers on the discs of hospitals are not needed, but their names tell what was left out.
    Messages of errors hold no names of entries: archives name files after patients.

    Args:
        archive: The zip file.
        folder: An empty folder.
        limits: What it may take up.

    Raises:
        ValueError: If the archive was not fetched, is damaged, exceeds the limits, holds a link or
            an encrypted file, or a name that leads out of the folder; some files may then have been
            written.
        OSError: If a file cannot be written.
    """
    from shoulderseg.datasets.unfetched import NOT_FETCHED, is_unfetched

    if is_unfetched(archive):
        msg = f"{archive.name}: {NOT_FETCHED}"
        raise ValueError(msg)
    with readable_zip(archive, limits.table, quoted=False) as (content, packed):
        infos = [info for info in content.infolist() if not info.is_dir()]
        check_count(archive.name, len(infos), limits)
        total = 0
        for info in infos:
            target = folder / _inner_path(archive.name, info)
            written = 0
            entry_packed = min(info.compress_size, packed)
            with content.open(info) as stream, _new_file(archive.name, target) as file:
                chunk = stream.read(_CHUNK)
                if _is_needless(target, chunk):
                    continue
                while chunk:
                    written += len(chunk)
                    total += len(chunk)
                    check_size(archive.name, total, limits)
                    check_ratio(archive.name, written, entry_packed, limits)
                    check_ratio(archive.name, total, packed, limits)
                    file.write(chunk)
                    chunk = stream.read(_CHUNK)


def _new_file(archive: str, target: Path) -> BinaryIO:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Patients' images are nobody else's to read, whatever the user's mask says.
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(target, flags, 0o600), "wb")
    except OSError as error:
        msg = f"an entry of {archive} cannot be unpacked ({error.strerror}); pack the images again"
        raise OSError(msg) from None


def _is_needless(target: Path, head: bytes) -> bool:
    """Whether a file is neither an image nor DICOM, by its name and by how it begins."""
    from shoulderseg.datasets.files import begins_as_dicom, image_suffix

    document = target.suffix.lower() in _DOCUMENTS and not image_suffix(target)
    return document and not begins_as_dicom(head)


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
