"""DICOM examinations with masks drawn on them, one folder a patient.

Layout: SOURCE/PATIENT/ and anything below: DICOM series, and masks as DICOM SEG, NRRD, NIfTI.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.converters.seg_frames import read_seg
from shoulderseg.datasets.converters.slice_names import natural_key
from shoulderseg.datasets.converters.source import (
    Labelled,
    NothingToTakeError,
    Rejected,
    SourceCase,
    source_name,
)
from shoulderseg.datasets.converters.study_mask import (
    find_grid,
    is_mask_file,
    read_mask_file,
    turned_like,
)
from shoulderseg.datasets.converters.study_seg import (
    SegFacts,
    find_series,
    is_seg,
    read_seg_facts,
)
from shoulderseg.datasets.dicom.folder import FileFinding, read_folder
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.converters.structures import Structures
    from shoulderseg.datasets.dicom.folder import FolderFindings
    from shoulderseg.datasets.dicom.stack import Stack
    from shoulderseg.datasets.dicom.verdict import Series


@dataclass(frozen=True)
class StudyFolder:
    """How examinations become cases.

    Attributes:
        source: Folder with one folder a patient.
        structures: What the values and names in masks mean.
        keep_source_names: Name sources by their paths instead of hashes.
    """

    source: Path
    structures: Structures
    keep_source_names: bool = False

    def told(self, path: Path) -> str:
        """What a path is called in reports."""
        return source_name(path, self.source, keep=self.keep_source_names)


@dataclass(frozen=True)
class _Mask:
    path: Path
    seg: SegFacts | None


def study_settings(study: StudyFolder) -> dict[str, Any]:
    """Give all that the cases depend on besides their files, for JSON."""
    return {"converter": "dicom-study", "structures": sorted(study.structures.keys.items())}


def study_cases(study: StudyFolder) -> Iterator[SourceCase | Rejected]:
    """List the series of a folder of patients, with the masks drawn on them.

    Patients are called `p001`, `p002`, ... in natural order of their folders, and a case
    `p001_series_4_1a2b3c4d` after the number and a hash of its series.

    Args:
        study: The folder and what masks mean.

    Returns:
        A case for each series with a mask; what else is there with the reason why it is not taken.

    Raises:
        FileNotFoundError: If there is no such folder, or no folder in it.
    """
    source = study.source
    inside = sorted(source.iterdir()) if source.is_dir() else []
    folders = [entry for entry in inside if entry.is_dir() and not entry.name.startswith(".")]
    if not folders:
        msg = f"{source.name}: it holds no folders, expected one folder a patient."
        raise FileNotFoundError(msg)
    folders.sort(key=lambda folder: (natural_key(folder.name), folder.name))
    return (
        outcome
        for number, folder in enumerate(folders, start=1)
        for outcome in _patient(f"p{number:03d}", folder, study)
    )


def _patient(patient: str, folder: Path, study: StudyFolder) -> Iterator[SourceCase | Rejected]:
    try:
        findings = read_folder(folder)
    except (ValueError, OSError):
        reason = "its files cannot be listed, or are too many. Check the folder."
        yield Rejected(patient, study.told(folder), reason)
        return
    if not findings.series:
        reason = "it holds no MR series that can be read. Add it."
        yield Rejected(patient, study.told(folder), reason)
    files, segs = _sort_files(findings.files)
    yield from _summed_up(files, patient, study.told(folder))
    masks = segs + sorted(path for path in findings.others if is_mask_file(path))
    drawn: dict[str, list[_Mask]] = {}
    for number, path in enumerate(masks, start=1):
        name, told = f"{patient}_mask{number}", study.told(path)
        try:
            series, mask = _match(path, findings, study.structures, seg=path in segs)
            drawn.setdefault(series, []).append(mask)
        except NothingToTakeError as error:
            yield Rejected(name, told, str(error), fault=False)
        except ValueError as error:
            yield Rejected(name, told, str(error))
        except OSError as error:
            yield Rejected(name, told, f"it cannot be read ({error.strerror}).")
    for entry in findings.series:
        yield _outcome(patient, folder, entry, drawn.get(entry.name, []), study)


def _sort_files(files: Iterable[FileFinding]) -> tuple[list[FileFinding], list[Path]]:
    rest: list[FileFinding] = []
    segs: list[Path] = []
    for finding in files:
        if not finding.refused and is_seg(finding.path):
            segs.append(finding.path)
        else:
            rest.append(finding)
    return rest, segs


def _summed_up(files: Iterable[FileFinding], patient: str, told: str) -> Iterator[Rejected]:
    """One entry for all files with the same reason."""
    counts = Counter((finding.refused, finding.reason) for finding in files)
    for number, ((refused, reason), count) in enumerate(sorted(counts.items()), start=1):
        said = f"{count} DICOM file{'s' * (count != 1)}: {reason}"
        yield Rejected(f"{patient}_files{number}", told, said, fault=refused)


def _match(
    path: Path, findings: FolderFindings, structures: Structures, *, seg: bool
) -> tuple[str, _Mask]:
    if seg:
        facts = read_seg_facts(path, structures)
        return find_series(facts, findings.series).name, _Mask(path, facts)
    mask = read_mask_file(path, structures)
    grids = {entry.name: _grid(entry.stack) for entry in findings.series if entry.stack}
    return find_grid(mask, grids), _Mask(path, None)


def _grid(stack: Stack) -> Volume:
    """The grid of a stack, with no voxels in memory."""
    array = np.broadcast_to(np.uint8(0), (len(stack.slices), *stack.slices[0].shape))
    return Volume(array, stack.spacing_mm, stack.origin_mm, stack.direction)


def _outcome(
    patient: str, folder: Path, series: Series, masks: list[_Mask], study: StudyFolder
) -> SourceCase | Rejected:
    name = f"{patient}_{series.name}"
    if series.stack is None:
        reason = _without_names(series.reason, series)
        return Rejected(name, study.told(folder), reason, fault=series.verdict == "refuse")
    if not masks:
        return Rejected(name, study.told(folder), "no mask was drawn on it.", fault=False)
    return SourceCase(
        name=name,
        patient=patient,
        source="; ".join(study.told(mask.path) for mask in masks),
        files=(
            *(mask.path for mask in masks),
            *sorted(header.path for header in series.slices),
        ),
        load=partial(_load, series, series.stack, masks, study.structures),
    )


def _load(series: Series, stack: Stack, masks: list[_Mask], structures: Structures) -> Labelled:
    try:
        image = read_stack(stack)
    except ValueError as error:
        raise ValueError(_without_names(str(error), series)) from None
    label_map = np.zeros(image.array.shape, np.uint8)
    for mask in masks:
        if mask.seg is not None:
            part = read_seg(mask.path, stack.slices, mask.seg.segments)
        else:
            part = turned_like(read_mask_file(mask.path, structures), image).array
        _join(label_map, part, len(masks), structures)
    return Labelled(image, label_map)


def _join(
    label_map: npt.NDArray[np.uint8],
    part: npt.NDArray[np.uint8],
    count: int,
    structures: Structures,
) -> None:
    """Adds one of a series' masks to those before it.

    Raises:
        ValueError: If they show the same structure, or share voxels.
    """
    twice = [value for value in np.intersect1d(label_map, part) if value]
    if twice:
        shown = ", ".join(structures.name_of(value) for value in twice)
        msg = f"{count} masks were drawn on it and more than one shows {shown}. Keep one of each."
        raise ValueError(msg)
    drawn = part > 0
    both = int(np.count_nonzero(drawn & (label_map > 0)))
    if both:
        msg = f"its masks overlap in {both} voxels. Draw them so that each voxel has one label."
        raise ValueError(msg)
    label_map[drawn] = part[drawn]


def _without_names(text: str, series: Series) -> str:
    """Takes names of files, which may be patients', out of a message."""
    for header in series.slices:
        found = rf"(?<![\w.-]){re.escape(header.path.name)}(?=:| and shows)"
        text = re.sub(found, "a slice", text)
    return text
