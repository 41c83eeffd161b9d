"""A BIDS dataset as input: `sub-*/[ses-*/]anat/*`.

Also a single subject's or session's folder of one. Other kinds of data than `anat`, derivatives and
source data are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

# What lies in `anat` and is no weighted image: masks, and maps of a quantity.
_NO_IMAGE = ("mask", "dseg", "probseg", "defacemask", "xfm", "warp", "mesh")
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
    if path.name.startswith(_SUBJECT):
        patterns = [_ANAT, f"{_SESSION}*/{_ANAT}"]
    elif path.name.startswith(_SESSION):
        patterns = [_ANAT]
    return sorted(folder for pattern in patterns for folder in path.glob(pattern))


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
        subject = next(part for part in reversed(folder.parts) if part.startswith(_SUBJECT))
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
    return suffix not in _NO_IMAGE and not (suffix.endswith("map") and suffix != "map")
