"""Which series may lack a slice, since a file of theirs is damaged or was not fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shoulderseg.datasets.dicom.header import SliceHeader

# Counters and digests, in which the names of the slices of a series differ.
_COUNTER = re.compile(r"[0-9a-f]*[0-9][0-9a-f]*")


@dataclass(frozen=True)
class DamagedFile:
    """A DICOM file that may have been a slice.

    Attributes:
        path: The file.
        series: SeriesInstanceUID of its header; empty where it is not known.
        instance: SOPInstanceUID of its header; empty where it is not known.
    """

    path: Path
    series: str = ""
    instance: str = ""


@dataclass(frozen=True)
class Losses:
    """Files that may have been slices.

    Attributes:
        damaged: Files that are refused, and of which no whole copy is here.
        links: Links that lead nowhere.
    """

    damaged: tuple[DamagedFile, ...] = ()
    links: tuple[Path, ...] = ()

    def reason_for(self, slices: Sequence[SliceHeader]) -> str:
        """Says why slices of a series may be missing, at its ends perhaps; empty where none are.

        A damaged file belongs to the series that its header names. Where it names none, it may
        belong to each series of its folder.

        Args:
            slices: Of a series.
        """
        if not self.damaged and not self.links:
            return ""
        folders = {header.path.parent for header in slices}
        # Some archives give each slice a folder of its own.
        above = {folder.parent for folder in folders} if len(folders) > 1 else set()

        def beside(path: Path) -> bool:
            return path.parent in folders or path.parent.parent in above

        count = sum(map(beside, self.links))
        if count:
            return (
                f"{count} link{'s' * (count != 1)} beside its slices "
                f"lead{'s' * (count == 1)} to no file: slices may be missing. "
                "Fetch what is linked, or remove the links."
            )
        if all(header.frame for header in slices) and len({one.path for one in slices}) == 1:
            # A multi-frame file says itself how many slices it has.
            return ""
        uid = slices[0].text("SeriesInstanceUID")
        # A file may end within the number of its series, which then is the beginning of it.
        count = sum(
            bool(uid and file.series == uid) or (uid.startswith(file.series) and beside(file.path))
            for file in self.damaged
        )
        if not count:
            return ""
        return (
            f"{count} DICOM file{'s' * (count != 1)} of its series, or beside its slices, cannot "
            "be read: slices may be missing. Copy or export the series again, or move "
            f"{'it' if count == 1 else 'them'} away."
        )


class SliceNames:
    """How the files of slices are called, to know a slice of which nothing is left."""

    def __init__(self, headers: Iterable[SliceHeader]) -> None:
        """Takes the names of the slices that are whole.

        Args:
            headers: All slices of a folder tree.
        """
        paths = {header.path for header in headers}
        self._beside = {(path.parent, _shape(path)) for path in paths}
        self._one_a_folder = {(path.parent.parent, path.name) for path in paths}

    def are_like(self, file: Path) -> bool:
        """Tells whether a file is called as slices beside it are, up to the count.

        Where each slice has a folder of its own, their names may be the same.

        Args:
            file: A file without a readable header.
        """
        shape = _shape(file)
        counted = "#" in shape and (file.parent, shape) in self._beside
        return counted or (file.parent.parent, file.name) in self._one_a_folder


def _shape(path: Path) -> str:
    return _COUNTER.sub("#", path.name.lower())
