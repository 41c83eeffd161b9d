"""Folders of a source, one a patient, and files that lie beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.datasets.converters.slice_names import natural_key
from shoulderseg.datasets.converters.source import Rejected, reason_of
from shoulderseg.datasets.disk_names import is_left_out
from shoulderseg.datasets.unfetched import may_be_lost_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def list_folders(source: Path) -> list[Path]:
    """Lists the folders in a folder, but for hidden ones and those of systems.

    Args:
        source: The folder.

    Returns:
        The folders in natural order of their names, and what cannot be told from a folder because
        it cannot be read or is a link that leads nowhere: were it left out, the numbers of the
        others would move. Empty if `source` is no folder.

    Raises:
        OSError: If `source` cannot be read. The message does not hold its path.
    """
    folders = [entry for entry in _entries(source) if _may_be_folder(entry)]
    # Names that differ in capitals alone have the same key.
    return sorted(folders, key=lambda folder: (natural_key(folder.name), folder.name))


def patient_folders(source: Path) -> list[Path]:
    """Lists the folders of patients.

    Args:
        source: Folder with one folder a patient.

    Returns:
        As `list_folders`, at least one.

    Raises:
        FileNotFoundError: If there is no such folder, or no folder in it.
        OSError: As `list_folders`.
    """
    folders = list_folders(source)
    if not folders:
        msg = f"{source.name}: it holds no folders, expected one folder a patient."
        raise FileNotFoundError(msg)
    return folders


def loose_files(source: Path, is_input: Callable[[Path], bool]) -> Iterator[Rejected]:
    """Tells of files that lie beside the folders of patients and would be read in one of them.

    Args:
        source: Folder with one folder a patient.
        is_input: Tells such a file from others.

    Yields:
        One rejection for all of them; nothing if there are none.

    Raises:
        OSError: As `list_folders`.
    """
    files = [entry for entry in _entries(source) if not _may_be_folder(entry)]
    count = sum(map(is_input, files))
    if count:
        reason = (
            f"{count} file{'s lie' if count != 1 else ' lies'} beside the folders of the patients, "
            "expected all in the folder of a patient. Move them there."
        )
        yield Rejected("-", "-", reason)


def _entries(source: Path) -> list[Path]:
    try:
        entries = list(source.iterdir()) if source.is_dir() else []
    except OSError as error:
        msg = f"{source.name}: {reason_of(error)}"
        raise OSError(msg) from None
    return [entry for entry in entries if not is_left_out(entry.name)]


def _may_be_folder(entry: Path) -> bool:
    try:
        return entry.is_dir() or may_be_lost_folder(entry)
    except OSError:
        return True
