"""The files of a bundle from outside, a zip archive or a folder, within limits and nothing else."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoulderseg.workflows.bundles.limits import (
    LIMITS,
    Limits,
    check_count,
    check_file,
    check_ratio,
    check_size,
)

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_CHUNK = 2**16
_MOST_AT_ONCE = 2**20


class _BoundedFile(io.FileIO):
    """Lets `zipfile` read no huge table of contents, which it does before anything else."""

    most_at_once = _MOST_AT_ONCE

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > self.most_at_once:
            msg = f"its table of contents is larger than {self.most_at_once} bytes"
            raise zipfile.BadZipFile(msg)
        # A raw file may give less than was asked for before its end.
        parts = []
        while size > 0 and (part := super().read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def copy_folder(source: Path, folder: Path, limits: Limits = LIMITS) -> None:
    """Copies the files of a bundle; hidden ones stay behind.

    Args:
        source: a folder with the bundle's files.
        folder: an empty folder for them.
        limits: what the bundle may take up.

    Raises:
        ValueError: if something in the folder has no place in a bundle, or exceeds the limits.
    """
    paths = sorted(path for path in source.iterdir() if not path.name.startswith("."))
    check_count(source.name, len(paths), limits)
    total = 0
    for path in paths:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            msg = f"{path} is no plain file; a bundle holds nothing else, so copy it without links"
            raise ValueError(msg)
        check_file(source.name, path.name)
        total += status.st_size
        check_size(source.name, total, limits)
        shutil.copyfile(path, folder / path.name)


def unpack_zip(archive: Path, folder: Path, limits: Limits = LIMITS) -> None:
    """Unpacks the files of a zipped bundle. Sizes count as written, not as the archive says.

    Args:
        archive: the zip file: a bundle's files, or one folder with them.
        folder: an empty folder for them.
        limits: what the bundle may take up.

    Raises:
        ValueError: if the archive is damaged, holds what has no place in a bundle, or exceeds the
            limits; some files may then have been written.
    """
    with readable_zip(archive) as (content, packed):
        total = 0
        for name, info in _files(archive.name, content.infolist(), limits).items():
            written = 0
            # An entry may lie about its packed size, the archive's own size cannot.
            entry_packed = min(info.compress_size, packed)
            with content.open(info) as stream, (folder / name).open("xb") as target:
                while chunk := stream.read(_CHUNK):
                    written += len(chunk)
                    total += len(chunk)
                    check_size(archive.name, total, limits)
                    check_ratio(f"{name} of {archive.name}", written, entry_packed, limits)
                    check_ratio(archive.name, total, packed, limits)
                    target.write(chunk)


@contextmanager
def readable_zip(
    archive: Path, table: int = _MOST_AT_ONCE, *, quoted: bool = True
) -> Iterator[tuple[zipfile.ZipFile, int]]:
    """Opens an archive and gives its size too; what `zipfile` raises becomes a ValueError.

    Args:
        archive: the zip file.
        table: bytes that its table of contents may take up.
        quoted: whether messages may hold names of entries.

    Yields:
        The opened archive, and its size in bytes.

    Raises:
        ValueError: if the archive, or what the caller reads of it, is damaged or packed in an
            unusual way.
        OSError: if it cannot be read.
    """
    try:
        with _BoundedFile(archive) as raw:
            raw.most_at_once = table
            with zipfile.ZipFile(raw) as content:
                yield content, os.fstat(raw.fileno()).st_size
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        UnicodeDecodeError,
    ) as error:
        reason = str(error) if quoted else "it is damaged, or packed in an unusual way"
        reason = reason or "it ends too early"
        msg = f"{archive.name} is not a sound zip file: {reason}; copy or download it again"
        raise ValueError(msg) from (error if quoted else None)


def _files(
    archive: str, infos: list[zipfile.ZipInfo], limits: Limits
) -> dict[str, zipfile.ZipInfo]:
    """The entries to unpack by their bare file names."""
    check_count(archive, len(infos), limits)
    files: dict[str, zipfile.ZipInfo] = {}
    parents = set()
    seen = set()
    for info in infos:
        # `filename` has been cleaned up by zipfile; what the archive really says is judged.
        parent, name = _split(archive, info.orig_filename)
        parents.add(parent)
        refuse_special(archive, info)
        if not name:
            continue
        check_file(archive, name)
        if name.casefold() in seen:
            msg = f"{archive} holds {name} twice; make it again from the bundle's folder"
            raise ValueError(msg)
        seen.add(name.casefold())
        files[name] = info
    if len(parents) > 1:
        msg = (
            f"{archive} spreads its files over {sorted(parents)}; expected them all side by side, "
            "or in one folder"
        )
        raise ValueError(msg)
    return files


def _split(archive: str, entry: str) -> tuple[str, str]:
    """Folder and file name of an entry; the file name is empty for a folder."""
    parent, slash, name = entry.rpartition("/")
    sound = bool(entry) and (
        not slash
        or (
            parent not in ("", ".", "..") and parent.isprintable() and not set(parent) & set("/\\:")
        )
    )
    if not sound:
        msg = (
            f"{archive} holds {entry!r}; expected plain file names such as plans.json, at most in "
            "one folder"
        )
        raise ValueError(msg)
    return parent, name


def refuse_special(archive: str, info: zipfile.ZipInfo, *, quoted: bool = True) -> None:
    """Refuses what is no plain file or folder, encrypted, or packed in an unusual way.

    Args:
        archive: name of the zip file.
        info: its entry.
        quoted: whether the message may hold the entry's name.

    Raises:
        ValueError: if the entry is one of these.
    """
    kind = stat.S_IFMT(info.external_attr >> 16)
    expected = stat.S_IFDIR if info.is_dir() else stat.S_IFREG
    problem = ""
    if kind not in (0, expected):
        problem = "a link or a special file"
    elif info.flag_bits & _ENCRYPTED:
        problem = "encrypted"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Other methods cannot be unpacked in steps of bounded size.
        problem = f"packed by method {info.compress_type}"
    if problem:
        msg = (
            f"{repr(info.orig_filename) if quoted else 'an entry'} of {archive} is {problem}; "
            "expected plain files, stored or deflated; zip the folder again"
        )
        raise ValueError(msg)
