"""What a path given by the user holds: cases, what is left out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.inputs.skipped import SkippedInput, faulty_files, skipped_inputs

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.folder import FolderFindings
    from shoulderseg.datasets.dicom.verdict import Series
    from shoulderseg.datasets.volume import Volume


# What 3D Slicer calls a segmentation, often beside its image.
_SEGMENTATION = ".seg.nrrd"


@dataclass(frozen=True)
class CaseInput:
    """One image to segment.

    Attributes:
        name: of the case and of its results; never a patient's that a DICOM header names.
        path: the file, or the first one of a series.
        load: reads it.
        source_files: the DICOM files in the order of the slices; none for other formats.
        about: plane, contrast, side and notes of a DICOM series, for reports.
        faulty: DICOM files of a series that are left out of it.
    """

    name: str
    path: Path
    load: Callable[[], Volume]
    source_files: tuple[Path, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)
    faulty: tuple[Path, ...] = ()

    @property
    def shown(self) -> str:
        """What messages call it: its file, or for DICOM the case, whose files archives name."""
        return self.public_file or self.name

    @property
    def public_file(self) -> str:
        """Name of the file; empty for DICOM."""
        from shoulderseg.datasets.files import shown_name

        return "" if self.source_files else shown_name(self.path)


@dataclass(frozen=True)
class Inputs:
    """Everything found.

    Attributes:
        cases: sorted by name, no name twice.
        skipped: series and files that become no case.
        ignored: names of files that are no images.
    """

    cases: tuple[CaseInput, ...]
    skipped: tuple[SkippedInput, ...]
    ignored: tuple[str, ...]

    def public_folder(self, images: Path) -> Path | None:
        """Folder of the images; None where archives may have named it, or it is gone afterwards.

        Args:
            images: what the user named.
        """
        dicom = any(case.source_files for case in self.cases) or any(
            item.files for item in self.skipped
        )
        folder = next((case.path.parent for case in self.cases), None)
        unpacked = images.is_file() and folder != images.parent
        return None if dicom or unpacked else folder

    def require_images(self, images: Path) -> None:
        """Sees that there is anything to segment or to refuse.

        Args:
            images: what the user named.

        Raises:
            ValueError: if there is not; names what was ignored.
        """
        if self.cases or any(item.refused for item in self.skipped):
            return
        others = [f"{item.name} ({item.reason})" for item in self.skipped] + [*self.ignored]
        shown = ", ".join(others[:5]) + (" ..." if len(others) > 5 else "")
        msg = f"no images found in {images}" + (f"; ignored: {shown}" if others else "")
        raise ValueError(msg)


def find_inputs(path: Path) -> Inputs:
    """Finds images of any supported format.

    Volumes lie in the folder itself, DICOM files anywhere below it.

    Args:
        path: a file or a folder; `unpacked` makes one of a zip file.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if the folder is far too large.
    """
    from shoulderseg.datasets.dicom.folder import read_folder
    from shoulderseg.datasets.files import DICOM_SUFFIX, find_volumes, image_suffix, shown_name

    named = path if path.is_dir() else path.parent
    path = _descended(path)
    files = [
        file
        for file in find_volumes(path)
        if image_suffix(file) not in ("", DICOM_SUFFIX) or not _is_dicom(file)
    ]
    volumes = [file for file in files if not file.name.lower().endswith(_SEGMENTATION)]
    if path.is_file() and volumes:
        return Inputs((_volume_case(path),), (), ())
    found = read_folder(path)
    cases: dict[str, CaseInput] = {}
    skipped = skipped_inputs(found)
    for case in [*map(_volume_case, volumes), *_series_cases(found, skipped, named)]:
        if case.name in cases:
            reason = f"another input is also called {case.name}; rename one"
            skipped.append(SkippedInput(case.shown, reason, refused=True, files=case.source_files))
        else:
            cases[case.name] = case
    taken = set(files)
    skipped += [
        SkippedInput(shown_name(file), "a segmentation, no image", refused=False)
        for file in files
        if file not in volumes
    ]
    ignored = sorted(shown_name(other) for other in found.others if other not in taken)
    return Inputs(tuple(cases[name] for name in sorted(cases)), tuple(skipped), tuple(ignored))


def _descended(path: Path) -> Path:
    """A folder in a folder in a zip is meant by its zip."""
    while path.is_dir():
        entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        if len(entries) != 1 or not entries[0].is_dir() or entries[0].is_symlink():
            break
        path = entries[0]
    return path


def _is_dicom(file: Path) -> bool:
    from shoulderseg.datasets.files import has_dicom_mark

    try:
        return has_dicom_mark(file) or file.suffix.lower() == ".dcm"
    except OSError:
        return False


def _volume_case(path: Path) -> CaseInput:
    from shoulderseg.datasets.files import case_name

    return CaseInput(case_name(path), path, partial(_load_volume, path))


def _load_volume(path: Path) -> Volume:
    from shoulderseg.datasets.plausible import check_plausible
    from shoulderseg.datasets.reader import read_image

    volume = read_image(path)
    check_plausible(path, volume)
    return volume


def _series_cases(
    found: FolderFindings, skipped: list[SkippedInput], named: Path
) -> list[CaseInput]:
    """The series that are used; one that turns out to be mixed is left out.

    Args:
        found: what lies in the folder.
        skipped: gets those that are left out.
        named: the folder that the user named, or that of the file.
    """
    from shoulderseg.datasets.dicom.pixels import check_duplicates, read_stack
    from shoulderseg.datasets.errors import UnreadableVolumeError
    from shoulderseg.datasets.files import case_name

    used = [series for series in found.series if series.stack is not None]
    names = Counter(
        case_name(series.stack.slices[0].path)
        for series in used
        if series.stack and len(series.stack.slices) == 1
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
        # A single file that the user put there keeps its name, unless that is the patient's. What
        # lies deeper was named by an archive, after patients whom the header may not tell any more.
        keeps = (
            len(files) == 1
            and files[0].parent == named
            and names[own] == 1
            and not stack.slices[0].names_patient(own)
        )
        load = partial(read_stack, stack)
        name = own if keeps else series.name
        faulty = faulty_files(series)
        cases.append(CaseInput(name, files[0], load, files, describe_series(series), faulty))
    return cases


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
        "description": public_description(header),
        "plane": plane_of(normal_of(series)),
        "contrast": contrast_of(header),
        "shape": [len(stack.slices) if stack else len(series.slices), *header.shape],
        "spacing_mm": None if stack is None else [round(step, 4) for step in stack.spacing_mm],
        "side": side.side,
        "side_from": side.source,
        "notes": list(series.notes),
    }
