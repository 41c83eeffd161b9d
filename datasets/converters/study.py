"""DICOM examinations with masks drawn on them, one folder a patient.

Layout: SOURCE/PATIENT/ and anything below: DICOM series, and masks as DICOM SEG, NRRD, NIfTI.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from shoulderseg.datasets.converters.patient_folders import loose_files, patient_folders
from shoulderseg.datasets.converters.source import (
    NothingToTakeError,
    Rejected,
    SourceCase,
    remark,
    source_name,
)
from shoulderseg.datasets.converters.study_fault import (
    MaskFault,
    UnusableMaskError,
    closed_inputs,
    reason_not_to_take,
    unusable_files,
)
from shoulderseg.datasets.converters.study_load import load_series
from shoulderseg.datasets.converters.study_lost import find_lost
from shoulderseg.datasets.converters.study_mask import is_mask_file, mask_files
from shoulderseg.datasets.converters.study_match import DrawnMask, match_mask
from shoulderseg.datasets.converters.study_people import find_people
from shoulderseg.datasets.converters.study_seg import is_seg
from shoulderseg.datasets.dicom.folder import FileFinding, read_folder
from shoulderseg.datasets.dicom.identity import identity_of_file, join
from shoulderseg.datasets.files import DICOM_SUFFIX, holds_dicom, image_suffix
from shoulderseg.datasets.unfetched import NOT_FETCHED, is_unfetched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from shoulderseg.datasets.converters.structures import Structures
    from shoulderseg.datasets.dicom.verdict import Series


@dataclass(frozen=True)
class StudyFolder:
    """How examinations become cases.

    Attributes:
        source: Folder with one folder a patient.
        structures: What the values and names in masks mean.
        keep_source_names: Name sources by their paths instead of hashes.
        automatic_masks: Take DICOM SEG whose segments were all drawn by a program.
    """

    source: Path
    structures: Structures
    keep_source_names: bool = False
    automatic_masks: bool = False

    def told(self, path: Path) -> str:
        """Returns what a path is called in reports."""
        return source_name(path, self.source, keep=self.keep_source_names)


def study_settings(study: StudyFolder) -> dict[str, Any]:
    """Gives all that the cases depend on besides their files, for JSON."""
    return {"converter": "dicom-study", "structures": sorted(study.structures.keys.items())}


def study_cases(study: StudyFolder) -> Iterator[SourceCase | Rejected]:
    """Lists the series of a folder of patients, with the masks drawn on them.

    Patients are called `p001`, `p002`, ... in natural order of their folders, and a case
    `p001_series_4_1a2b3c4d` after the number and a hash of its series. Folders of one patient, by
    their headers, count as the first of them.

    Args:
        study: The folder and what masks mean.

    Returns:
        A case for each series with a mask; what else is there with the reason why it is not taken.

    Raises:
        FileNotFoundError: If there is no such folder, or no folder in it.
        OSError: If the folder cannot be read.
    """
    folders = patient_folders(study.source)
    return chain(loose_files(study.source, _is_input), _patients(folders, study))


def _patients(folders: list[Path], study: StudyFolder) -> Iterator[SourceCase | Rejected]:
    names = [f"p{number:03d}" for number in range(1, len(folders) + 1)]
    people = find_people(folders, names)
    yield from map(remark, people.remarks)
    for name, folder, first in zip(names, folders, people.first, strict=True):
        for outcome in _folder(name, folder, study):
            if isinstance(outcome, SourceCase):
                yield replace(outcome, patient=names[first])
            else:
                yield outcome


def _is_input(file: Path) -> bool:
    if is_mask_file(file) or image_suffix(file) == DICOM_SUFFIX:
        return True
    try:
        return holds_dicom(file)
    except OSError:
        return False


def _folder(patient: str, folder: Path, study: StudyFolder) -> Iterator[SourceCase | Rejected]:
    if is_unfetched(folder):
        yield Rejected(patient, study.told(folder), NOT_FETCHED)
        return
    try:
        findings = read_folder(folder)
    except (ValueError, OSError):
        reason = "its files cannot be listed, or are too many. Check the folder."
        yield Rejected(patient, study.told(folder), reason)
        return
    if not findings.series:
        reason = "it holds no MR series that can be read. Add it."
        yield Rejected(patient, study.told(folder), reason)
    faults = list(unusable_files(findings, patient))
    for fault in faults:
        yield Rejected(fault.name, study.told(folder), fault.reason)
    told_of = {*findings.dangling, *(file.path for file in closed_inputs(findings))}
    files, segs, unread = _sort_files(file for file in findings.files if file.path not in told_of)
    yield from _summed_up(files, patient, study.told(folder))
    # Also of files that are no image: a report may tell whom a mask is called after.
    others = (identity_of_file(finding.path) for finding in findings.files)
    people = join([*(entry.people for entry in findings.series), *others])
    structures = replace(study.structures, people=people)
    masks = segs + sorted([*unread, *(path for path in findings.others if is_mask_file(path))])
    drawn: dict[str, list[DrawnMask]] = {}
    lost = find_lost(files, findings.series)
    match = partial(match_mask, lost=lost, automatic=study.automatic_masks)
    for number, path in enumerate(masks, start=1):
        name, told = f"{patient}_mask{number}", study.told(path)
        try:
            series, mask = match(path, findings.series, structures, seg=path in segs)
            drawn.setdefault(series, []).append(mask)
        except NothingToTakeError as error:
            yield Rejected(name, told, str(error), fault=False)
        except UnusableMaskError as error:
            faults.append(MaskFault(name, error.series, str(error)))
            yield Rejected(name, told, str(error))
    for entry in findings.series:
        drawn_here = drawn.get(entry.name, [])
        lacking = reason_not_to_take(entry.name, faults, masked=bool(drawn_here))
        if entry.stack is not None and lacking:
            yield Rejected(f"{patient}_{entry.name}", study.told(folder), lacking)
        else:
            yield _outcome(patient, folder, entry, drawn_here, study)


def _sort_files(
    files: Iterable[FileFinding],
) -> tuple[list[FileFinding], list[Path], list[Path]]:
    """Tells DICOM SEG, and masks that cannot be opened, from the rest, which comes first."""
    rest: list[FileFinding] = []
    segs: list[Path] = []
    unread: list[Path] = []
    for finding in files:
        if finding.refused and is_mask_file(finding.path):
            unread.append(finding.path)
        elif not finding.refused and is_seg(finding.path):
            segs.append(finding.path)
        else:
            rest.append(finding)
    return rest, segs, unread


def _summed_up(files: Iterable[FileFinding], patient: str, told: str) -> Iterator[Rejected]:
    """One entry for all files with the same reason."""
    counts = Counter((finding.refused, finding.reason) for finding in files)
    for number, ((refused, reason), count) in enumerate(sorted(counts.items()), start=1):
        reason_shown = f"{count} DICOM file{'s' * (count != 1)}: {reason}"
        yield Rejected(f"{patient}_files{number}", told, reason_shown, fault=refused)


def _outcome(
    patient: str, folder: Path, series: Series, masks: list[DrawnMask], study: StudyFolder
) -> SourceCase | Rejected:
    name = f"{patient}_{series.name}"
    if series.stack is None:
        fault = series.verdict == "refuse"
        return Rejected(name, study.told(folder), series.reason, fault=fault)
    if not masks:
        return Rejected(name, study.told(folder), "no mask was drawn on it.", fault=False)
    return SourceCase(
        name=name,
        patient=patient,
        source="; ".join(study.told(mask.path) for mask in masks),
        files=(
            *(file for mask in masks for file in mask_files(mask.path)),
            *sorted(header.path for header in series.slices),
        ),
        load=partial(load_series, series.stack, masks, study.structures),
    )
