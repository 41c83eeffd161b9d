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
_PREAMBLE = bytes(128) + b"DICM"
# Of a header without a preamble: the groups 2 and 8 in either order of bytes.
_FIRST_GROUPS = (b"\x02\0", b"\0\x02", b"\x08\0", b"\0\x08")
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class DamagedFile:
    """A DICOM file that may have been a slice.

    Attributes:
        path: The file.
        series: SeriesInstanceUID of its header; empty where it is not known.
        instance: SOPInstanceUID of its header; empty where it is not known.
        is_series_whole: Whether its header holds no more of the series than that; not where it was
            not read, or ends within the number or before.
    """

    path: Path
    series: str = ""
    instance: str = ""
    is_series_whole: bool = False

    def may_be_of(self, uid: str, *, beside: bool) -> bool:
        """Tells whether it may have been a slice of a series.

        Args:
            uid: SeriesInstanceUID of the series.
            beside: Whether the file lies beside slices of it.
        """
        if self.series == uid:
            return beside or bool(uid)
        # A header may end within the number of its series, which then is the beginning of it.
        return beside and not self.is_series_whole and uid.startswith(self.series)


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

        A damaged file belongs to the series that its header names. Where its header ends before
        that, it may belong to each series of its folder.

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
        count = sum(file.may_be_of(uid, beside=beside(file.path)) for file in self.damaged)
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
        self._beside: dict[tuple[Path, str], list[tuple[str, ...]]] = {}
        for path in paths:
            self._beside.setdefault((path.parent, _shape(path)), []).append(_counters(path))
        self._one_a_folder = {(path.parent.parent, path.name) for path in paths}

    def are_like(self, file: Path) -> bool:
        """Tells whether a file is called as slices beside it are, up to the count.

        Where each slice has a folder of its own, their names may be the same.

        Args:
            file: A file without a readable header.
        """
        if (file.parent.parent, file.name) in self._one_a_folder:
            return True
        known = self._beside.get((file.parent, _shape(file)), [])
        counters = _counters(file)
        columns = zip(*known, strict=True)
        return bool(known and counters) and all(map(_continues, counters, columns))


def is_cut_in_its_beginning(file: Path) -> bool:
    """Tells whether a file without DICOM content may be what is left of a DICOM file.

    It is empty, holds nothing but zeros where its header would begin, or ends within the first
    bytes of a header.

    Args:
        file: A file that can be opened.

    Raises:
        OSError: If it cannot be opened.
    """
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not any(head) or _PREAMBLE.startswith(head):
        return True
    return len(head) < _HEAD_BYTES and head.startswith(_FIRST_GROUPS)


def _shape(path: Path) -> str:
    return _COUNTER.sub("#", path.name.lower())


def _counters(path: Path) -> tuple[str, ...]:
    return tuple(_COUNTER.findall(path.name.lower()))


def _continues(counter: str, known: Sequence[str]) -> bool:
    """Whether a counter or digest is as long as those of slices and of the same signs."""
    if not counter.isdecimal() and all(one.isdecimal() for one in known):
        return False
    lengths = [len(one) for one in known]
    # Without leading zeros 10 follows 9.
    grows = not any(one.startswith("0") and len(one) > 1 for one in known)
    return min(lengths) <= len(counter) <= max(lengths) + grows
