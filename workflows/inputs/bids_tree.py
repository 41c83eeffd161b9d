"""A BIDS dataset as input: `sub-*/[ses-*/]anat/*`.

Also a single subject's or session's folder of one. Other kinds of data than `anat`, derivatives and
source data are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# What lies in `anat` and is no weighted image: masks, and maps of a quantity.
_NO_IMAGE = (
    *("mask", "dseg", "probseg", "seg", "label", "labels", "defacemask", "xfm", "warp", "mesh"),
    *("phase", "phase1", "phase2", "phasediff", "fieldmap"),
)
_NOT_THERE = "link to a folder that is not there; fetch it (git-annex, DataLad), or remove it"
CLOSED = "folder cannot be opened; ask for leave to read it"
_SUBJECT, _SESSION, _ANAT = "sub-", "ses-", "anat"


class LeftOut(NamedTuple):
    """Something of a dataset that is not looked at.

    Attributes:
        name: Path below the dataset.
        reason: Why.
        fault: Whether images may be missing for it.
    """

    name: str
    reason: str
    fault: bool


def anat_folders(path: Path) -> list[Path]:
    """Lists the `anat` folders of a BIDS dataset, subject or session that can be read, sorted.

    Args:
        path: a folder or a file.

    Returns:
        The folders; empty if the path is nothing of BIDS.
    """
    return sorted(_Tree(path).anat) if path.is_dir() else []


def left_out(path: Path) -> list[LeftOut]:
    """Lists what of a dataset is not looked at though someone may expect it, sorted.

    Args:
        path: the dataset, subject or session.
    """
    from shoulderseg.datasets.files import image_suffix, may_be_file

    reason = "an image beside the subjects; give it alone"
    images = [
        LeftOut(entry.name, reason, fault=False)
        for entry in path.iterdir()
        if image_suffix(entry) and may_be_file(entry)
    ]
    return sorted([*images, *_Tree(path).left])


class _Tree:
    """The `anat` folders of a dataset, and at each level what cannot be read or is none."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.anat: list[Path] = []
        self.left: list[LeftOut] = []
        alone = root.name.startswith((_SUBJECT, _SESSION))
        for entry in sorted(self._entries()):
            if entry.name == _ANAT and alone:
                self._take(entry)
            elif entry.name.startswith(_SUBJECT) or (alone and entry.name.startswith(_SESSION)):
                if not self._is_file(entry) and not self._enter(entry):
                    self._leave(entry, f"no folder called {_ANAT} is in it")
            elif entry.name.lower().startswith((_SUBJECT, _SESSION)) and not self._is_file(entry):
                reason = f"no folder called {_ANAT} of a subject ({_SUBJECT}LABEL) is in it"
                self._leave(entry, reason)

    def _entries(self) -> list[Path]:
        # A folder that is none of BIDS may hold a million slices: names alone are looked at.
        try:
            return [
                entry
                for entry in self.root.iterdir()
                if entry.name.lower().startswith((_SUBJECT, _SESSION, _ANAT))
            ]
        except OSError:
            # Whoever looks for files there is told.
            return []

    @staticmethod
    def _is_file(path: Path) -> bool:
        # What nobody may look at is told of as a folder.
        with suppress(OSError):
            return path.is_file()
        return False

    def _leave(self, path: Path, reason: str, *, fault: bool = False) -> None:
        self.left.append(LeftOut(path.relative_to(self.root).as_posix(), reason, fault))

    def _enter(self, folder: Path) -> bool:
        """Goes through a subject or session; tells whether anything was found or told of."""
        if self._is_dangling(folder):
            return True
        sessions: list[Path] = []
        found = False
        try:
            for entry in sorted(folder.iterdir()):
                if entry.name == _ANAT:
                    found |= self._take(entry)
                elif entry.name.startswith(_SESSION) and folder.name.startswith(_SUBJECT):
                    sessions += [] if entry.is_file() else [entry]
        except OSError:
            self._leave(folder, CLOSED, fault=True)
            return True
        empty = [session for session in sessions if not self._enter(session)]
        found |= len(empty) < len(sessions)
        if found:
            # Otherwise the whole subject is named.
            for session in empty:
                self._leave(session, f"no folder called {_ANAT} is in it")
        return found

    def _take(self, folder: Path) -> bool:
        """Takes an `anat` folder; tells whether it is one, or was told of."""
        if self._is_dangling(folder):
            return True
        try:
            if not folder.is_dir():
                return False
            next(folder.iterdir(), None)
        except OSError:
            self._leave(folder, CLOSED, fault=True)
            return True
        self.anat.append(folder)
        return True

    def _is_dangling(self, folder: Path) -> bool:
        from shoulderseg.datasets.files import is_link, may_exist

        if not is_link(folder) or may_exist(folder):
            return False
        self._leave(folder, _NOT_THERE, fault=True)
        return True


def of_participants(folders: Iterable[Path], labels: Sequence[str]) -> list[Path]:
    """Keeps the folders of some subjects.

    Args:
        folders: from `anat_folders`.
        labels: of the subjects, with or without `sub-`; empty for all.

    Raises:
        ValueError: if there is no such subject; names those there are.
    """
    of_subject: dict[str, list[Path]] = {}
    for folder in folders:
        subjects = (part for part in reversed(folder.parts) if part.startswith(_SUBJECT))
        subject = next(subjects, _SUBJECT)
        of_subject.setdefault(subject.removeprefix(_SUBJECT), []).append(folder)
    if not labels:
        return [folder for kept in of_subject.values() for folder in kept]
    wanted = [label.removeprefix(_SUBJECT) for label in labels]
    unknown = [label for label in wanted if label not in of_subject]
    if unknown:
        known = ", ".join(list(of_subject)[:10]) + (", ..." if len(of_subject) > 10 else "")
        msg = f"no participant {', '.join(unknown)} with an {_ANAT} folder; there are: {known}"
        raise ValueError(msg)
    return [folder for label in dict.fromkeys(wanted) for folder in of_subject[label]]


def is_weighted_image(name: str) -> bool:
    """Tells by the suffix of a BIDS name whether it is an image, not a mask or a map.

    Args:
        name: of a case, as `sub-01_T2w`.
    """
    suffix = name.rpartition("_")[2]
    parts = {"part-phase", "part-real", "part-imag"} & set(name.split("_"))
    return not parts and suffix not in _NO_IMAGE and not suffix.endswith("map")
