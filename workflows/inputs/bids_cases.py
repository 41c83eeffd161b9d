"""The cases of a BIDS dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from shoulderseg.workflows.inputs.bids_tree import CLOSED, is_weighted_image, left_out
from shoulderseg.workflows.inputs.case_input import CaseInput, is_dicom, volume_case
from shoulderseg.workflows.inputs.skipped import NO_TARGET, SkippedInput


def bids_cases(root: Path, folders: Sequence[Path]) -> tuple[list[CaseInput], list[SkippedInput]]:
    """Lists the weighted images of a dataset, and what of it becomes no case.

    Args:
        root: folder of the dataset, subject or session.
        folders: its `anat` folders.
    """
    from shoulderseg.datasets.disk_names import as_on_disk

    cases: dict[str, CaseInput] = {}
    skipped: list[SkippedInput] = []
    for folder in folders:
        try:
            found = list(_volumes(root, folder))
            skipped += _no_volumes(root, folder)
        except OSError:
            skipped.append(SkippedInput(_below(root, folder), CLOSED, refused=True))
            continue
        for case, no_image in found:
            if no_image:
                skipped.append(SkippedInput(case.below, "no weighted image", refused=False))
                continue
            first = cases.setdefault(as_on_disk(case.name), case)
            if first is not case:
                reason = f"another input is also called {first.name}; rename one"
                skipped.append(SkippedInput(case.below, reason, refused=True))
    if cases:
        skipped += [SkippedInput(*one) for one in left_out(root)]
    return list(cases.values()), skipped


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _volumes(root: Path, folder: Path) -> Iterator[tuple[CaseInput, bool]]:
    """The volumes of an `anat` folder, and whether each is no image but a mask or a map."""
    from shoulderseg.datasets.files import (
        DICOM_SUFFIX,
        find_volumes,
        image_suffix,
        is_segmentation,
    )

    for file in find_volumes(folder):
        if image_suffix(file) in ("", DICOM_SUFFIX):
            continue
        case = replace(volume_case(file), below=_below(root, file))
        yield case, is_segmentation(file) or not is_weighted_image(case.name)


def _no_volumes(root: Path, folder: Path) -> Iterable[SkippedInput]:
    """What lies in an `anat` folder that BIDS does not have there, or leads nowhere."""
    from shoulderseg.datasets.disk_names import is_left_out
    from shoulderseg.datasets.files import dangling_volumes, foreign_format, may_be_file

    found = []
    dicom = 0
    for entry in sorted(folder.iterdir()):
        name = _below(root, entry)
        if may_be_file(entry):
            dicom += is_dicom(entry)
            reason = foreign_format(entry)
            found += [SkippedInput(name, reason, refused=True)] * bool(reason)
        elif entry.is_dir() and not is_left_out(entry.name):
            reason = "a folder in a folder of images; give it by itself"
            found.append(SkippedInput(name, reason, refused=False))
    if dicom and any(folder.glob("*.nii*")):
        reason = f"{dicom} DICOM files, which are no part of BIDS; give that folder by itself"
        found.append(SkippedInput(_below(root, folder), reason, refused=False))
    found += [
        SkippedInput(_below(root, link), NO_TARGET, refused=True)
        for link in dangling_volumes(folder)
    ]
    return found
