"""A BIDS dataset as input: `sub-*/[ses-*/]anat/*`.

Also a single subject's or session's folder of one. Other kinds of data than `anat`, derivatives and
source data are not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

# What lies in `anat` and is no weighted image: masks, and maps of a quantity.
_NO_IMAGE = (
    *("mask", "dseg", "probseg", "seg", "label", "labels", "defacemask", "xfm", "warp", "mesh"),
    *("phase", "phase1", "phase2", "phasediff", "fieldmap"),
)
_NOT_THERE = "link to a folder that is not there; fetch it (git-annex, DataLad), or remove it"
_SUBJECT, _SESSION, _ANAT = "sub-", "ses-", "anat"


def anat_folders(path: Path) -> list[Path]:
    """Lists the `anat` folders of a BIDS dataset, subject or session, sorted.

    Args:
        path: a folder or a file.

    Returns:
        The folders; empty if the path is nothing of BIDS.
    """
    if not path.is_dir():
        return []
    patterns = [f"{_SUBJECT}*/{_ANAT}", f"{_SUBJECT}*/{_SESSION}*/{_ANAT}"]
    if path.name.startswith((_SUBJECT, _SESSION)):
        patterns += [_ANAT, f"{_SESSION}*/{_ANAT}"]
    found = (folder for pattern in patterns for folder in path.glob(pattern))
    return sorted(folder for folder in found if folder.is_dir())


def left_out(path: Path, folders: Iterable[Path]) -> list[tuple[str, str, bool]]:
    """Lists what of a dataset is not looked at though someone may expect it.

    Args:
        path: the dataset.
        folders: its `anat` folders.

    Returns:
        Path below the dataset, the reason, and whether it is a fault, sorted.
    """
    from shoulderseg.datasets.files import image_suffix

    seen = {part for folder in folders for part in (folder, *folder.parents)}
    found: list[tuple[str, str, bool]] = []
    for entry in sorted(path.iterdir()):
        anat = entry / _ANAT
        if not entry.name.lower().startswith((_SUBJECT, _SESSION)):
            if entry.is_file() and image_suffix(entry):
                found.append((entry.name, "an image beside the subjects; give it alone", False))
        elif not entry.exists():
            found.append((entry.name, _NOT_THERE, True))
        elif entry.is_dir() and not os.access(entry, os.R_OK | os.X_OK):
            found.append((entry.name, "folder cannot be opened; ask for leave to read it", True))
        elif anat.is_symlink() and not anat.exists():
            found.append((f"{entry.name}/{_ANAT}", _NOT_THERE, True))
        elif entry.is_dir() and entry not in seen:
            found.append((entry.name, f"no folder called {_ANAT} is in it", False))
    return found


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
