"""The cases that the series of a DICOM folder become."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.inputs.skipped import SkippedInput, faulty_files

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.folder import FolderFindings
    from shoulderseg.datasets.dicom.verdict import Series


def series_cases(
    found: FolderFindings, skipped: list[SkippedInput], named: Path | None
) -> list[CaseInput]:
    """The series that are used; one that turns out to be mixed is left out.

    Args:
        found: what lies in the folder.
        skipped: gets those that are left out.
        named: the folder that the user named, or that of the file; None for what was unpacked.
    """
    from shoulderseg.datasets.dicom.pixels import check_duplicates, read_stack
    from shoulderseg.datasets.errors import UnreadableVolumeError
    from shoulderseg.datasets.files import case_name

    used = [series for series in found.series if series.stack is not None]
    names = Counter(
        case_name(series.stack.slices[0].path)
        for series in used
        if series.stack and len({header.path for header in series.stack.slices}) == 1
    )
    cases = []
    for series in used:
        stack = series.stack
        if stack is None:
            continue
        try:
            check_duplicates(stack)
        except UnreadableVolumeError as error:
            twice = tuple(header.path for pair in stack.duplicates for header in pair)
            skipped.append(SkippedInput(series.name, str(error), refused=True, files=twice))
            continue
        files = tuple(header.path for header in stack.slices)
        own = case_name(files[0])
        single = len(set(files)) == 1 and files[0].parent == named and names[own] == 1
        load = partial(read_stack, stack)
        name = own if single and _may_keep(files[0], series) else series.name
        faulty = faulty_files(series)
        frames = tuple(header.frame for header in stack.slices)
        about = describe_series(series)
        case = CaseInput(name, files[0], load, files, frames if any(frames) else (), about, faulty)
        examination, visit = _examination_of(series)
        cases.append(replace(case, examination=examination, visit=visit))
    return cases


def _may_keep(path: Path, series: Series) -> bool:
    """Whether a single file that the user put there may give its case the name.

    Not if that is the patient's. What lies deeper, or in a zip, was named by an archive, after
    patients whom the header may not tell any more.
    """
    from shoulderseg.datasets.files import case_name
    from shoulderseg.datasets.utf8_path import is_utf8

    # Bytes that are no text may be a name all the same.
    return is_utf8(path.name) and not series.people.is_in(case_name(path))


def _examination_of(series: Series) -> tuple[str, str]:
    """A hash of patient, study and frame of reference, and one of patient and study.

    Either is empty where it lacks the study or the frame. Places can be compared within a frame of
    reference alone, unless somebody says otherwise.
    """
    header = series.slices[0]
    patient, study, frame = (
        header.text(name) for name in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID")
    )
    told = [patient, study]
    visit = hashlib.sha256("\n".join(told).encode()).hexdigest() if study else ""
    if not study or not frame:
        return "", visit
    return hashlib.sha256("\n".join([*told, frame]).encode()).hexdigest(), visit


def describe_series(series: Series) -> dict[str, Any]:
    """Plane, contrast, size, spacing and side of a DICOM series."""
    from shoulderseg.datasets.dicom.description import (
        contrast_of,
        find_side,
        plane_of,
        public_description,
    )
    from shoulderseg.datasets.dicom.verdict import normal_of

    header, stack = series.slices[0], series.stack
    side = find_side(header)
    return {
        "series": series.name,
        "description": public_description(header, series.people),
        "plane": plane_of(normal_of(series)),
        "contrast": contrast_of(header),
        "shape": [len(stack.slices) if stack else len(series.slices), *header.shape],
        "spacing_mm": None if stack is None else [round(step, 4) for step in stack.spacing_mm],
        "side": side.side,
        "side_from": side.source,
        "notes": list(series.notes),
    }
