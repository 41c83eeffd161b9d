"""What a path given by the user holds: cases, what is left out, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.inputs.bids_cases import bids_cases
from shoulderseg.workflows.inputs.bids_tree import anat_folders, of_participants
from shoulderseg.workflows.inputs.case_input import CaseInput, is_dicom, volume_case
from shoulderseg.workflows.inputs.series_cases import series_cases
from shoulderseg.workflows.inputs.skipped import (
    NO_TARGET,
    SkippedInput,
    public_name,
    skipped_inputs,
)
from shoulderseg.workflows.inputs.zip_archive import SUFFIX as ZIP_SUFFIX

if TYPE_CHECKING:
    from shoulderseg.workflows.examination.grouping import Group

ZIPS_ALONE = "zip files are read one at a time: give each by itself"


@dataclass(frozen=True)
class Inputs:
    """Everything found.

    Attributes:
        cases: sorted by name, no name twice.
        skipped: series and files that become no case.
        ignored: names of files that are no images.
        bids_root: folder of the BIDS dataset, subject or session; None for anything else.
        groups: which cases vote together, if that is known from before some were left out.
        in_full: whether nothing was left out that somebody did not ask for.
    """

    cases: tuple[CaseInput, ...]
    skipped: tuple[SkippedInput, ...]
    ignored: tuple[str, ...]
    bids_root: Path | None = None
    groups: tuple[Group, ...] | None = None
    in_full: bool = True

    def public_folder(self, images: Path) -> Path | None:
        """Folder of the images; None unless the user named that very one, or where it is DICOM's.

        Args:
            images: what the user named.
        """
        dicom = any(c.source_files for c in self.cases) or any(one.files for one in self.skipped)
        folder = self.bids_root or next((case.path.parent for case in self.cases), None)
        # Folders below it, and those of a zip file, were named by others, after patients perhaps.
        named = images.parent if images.is_file() else images
        return None if dicom or folder != named else folder

    def require_images(self, images: Path) -> None:
        """Sees that there is anything to segment or to refuse.

        Args:
            images: what the user named.

        Raises:
            ValueError: if there is not; says how much was left out, and no patients' names.
        """
        if self.cases or any(one.refused for one in self.skipped):
            return
        told, others = [f"{one.name} ({one.reason})" for one in self.skipped], len(self.ignored)
        told[5:] = ["..."] if len(told) > 5 else []
        told += [f"{others} other file{'s' * (others != 1)}"] * bool(others)
        msg = f"no images found in {images}" + f"; left out: {', '.join(told)}" * bool(told)
        msg += "; `shoulderseg inspect` names them" * bool(others)
        zips = any(name.lower().endswith(ZIP_SUFFIX) for name in self.ignored)
        raise ValueError(msg + f"; {ZIPS_ALONE}" * zips)


def find_inputs(
    path: Path, participants: Sequence[str] = (), *, from_archive: bool = False
) -> Inputs:
    """Finds images of any supported format.

    Volumes lie in the folder itself, DICOM files anywhere below it. Of a BIDS dataset all that lies
    in an `anat` folder is taken, and nothing else.

    Args:
        path: a file or a folder; `unpacked` makes one of a zip file.
        participants: labels of the subjects of a BIDS dataset to take; empty for all.
        from_archive: whether it was unpacked, so that no DICOM file has a name that the user gave.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if the folder is far too large, or participants are named that it has not.
    """
    named = None if from_archive else path if path.is_dir() else path.parent
    path = _descended(path)
    anat = anat_folders(path)
    if anat:
        cases, left = bids_cases(path, of_participants(anat, participants))
        if cases or left or participants:
            found = _by_name(cases)
            return Inputs(found, tuple(left), (), bids_root=path, in_full=not participants)
    if participants:
        msg = f"{path} is no BIDS dataset, so it has no participants; expected sub-*/anat in it"
        raise ValueError(msg)
    return _folder_inputs(path, named)


def _folder_inputs(path: Path, named: Path | None) -> Inputs:
    from shoulderseg.datasets.dicom.folder import read_folder
    from shoulderseg.datasets.disk_names import as_on_disk
    from shoulderseg.datasets.files import (
        dangling_volumes,
        find_volumes,
        foreign_format,
        is_segmentation,
        shown_name,
    )

    # By content: an archive may have called DICOM anything, after a patient too.
    files = [file for file in find_volumes(path) if not is_dicom(file)]
    volumes = [file for file in files if not is_segmentation(file)]
    if path.is_file() and volumes:
        return Inputs((volume_case(path),), (), ())
    found = read_folder(path)
    # A volume that cannot be opened is told of by its case, once.
    found = replace(found, files=tuple(one for one in found.files if one.path not in volumes))
    cases: dict[str, CaseInput] = {}
    skipped = skipped_inputs(found)
    for case in [*map(volume_case, volumes), *series_cases(found, skipped, named)]:
        first = cases.setdefault(as_on_disk(case.name), case)
        if first is not case:
            reason = f"another input is also called {first.name}; rename one"
            skipped.append(SkippedInput(case.shown, reason, refused=True, files=case.source_files))
    skipped += [
        SkippedInput(shown_name(link), NO_TARGET, refused=True) for link in dangling_volumes(path)
    ]
    taken = set(files)
    skipped += [
        SkippedInput(shown_name(file), "a segmentation, no image", refused=False)
        for file in files
        if file not in volumes
    ]
    others = [other for other in found.others if other not in taken]
    foreign = {other: foreign_format(other) for other in others}
    refused = [(file, reason) for file, reason in foreign.items() if reason]
    skipped += [
        SkippedInput(public_name(file, named, number), reason, refused=True, files=(file,))
        for number, (file, reason) in enumerate(refused, start=1)
    ]
    ignored = sorted(shown_name(other) for other in others if not foreign[other])
    return Inputs(_by_name(cases.values()), tuple(skipped), tuple(ignored))


def _by_name(cases: Iterable[CaseInput]) -> tuple[CaseInput, ...]:
    return tuple(sorted(cases, key=lambda case: case.name))


def _descended(path: Path) -> Path:
    """A folder in a folder in a zip is meant by its zip."""
    from shoulderseg.datasets.disk_names import is_left_out

    # A folder that may not be entered is told where files are looked for.
    with suppress(OSError):
        while path.is_dir() and not anat_folders(path):
            entries = [entry for entry in path.iterdir() if not is_left_out(entry.name)]
            if len(entries) != 1 or not entries[0].is_dir() or entries[0].is_symlink():
                break
            next(entries[0].iterdir(), None)
            path = entries[0]
    return path
