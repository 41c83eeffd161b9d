"""What is in a folder, and what a segmentation would do with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.examination.grouping import group_cases
from shoulderseg.workflows.inputs.discover import ZIPS_ALONE, find_inputs
from shoulderseg.workflows.inputs.sources_file import source_folder
from shoulderseg.workflows.inputs.zip_archive import SUFFIX as ZIP_SUFFIX
from shoulderseg.workflows.inputs.zip_archive import unpacked

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput

USE, SKIP, REFUSE = "use", "skip", "refuse"


def inspect_inputs(path: Path, participants: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Gives every series and volume with a verdict.

    Volumes are read whole, DICOM series by their headers.

    Args:
        path: an image, a folder of images, a DICOM folder tree, a BIDS dataset, or a zip file of
            one.
        participants: labels of the subjects of a BIDS dataset to take; empty for all.

    Returns:
        A record for each, as plain values for a JSON file: its `name`, the `verdict` (use, skip or
        refuse) and the `reason`; for what is used also plane, contrast, shape, spacing_mm, side,
        side_from and notes, the `examination` whose series vote together, and the `folder` it came
        from, below the path; `files` names DICOM files at fault. Empty for an empty folder.

    Raises:
        ValueError: if a zip file cannot be unpacked safely.
        OSError: if the path cannot be read.
    """
    from shoulderseg.datasets.files import image_suffix

    with unpacked(path) as folder:
        inputs = find_inputs(folder, participants, from_archive=folder != path)
        groups = group_cases(inputs.cases)
        names = {name: group.name for group in groups for name in group.cases}
        entries = [
            _case_record(case, folder)
            | ({"examination": names[case.name]} if case.name in names else {})
            for case in inputs.cases
        ]
    entries += [
        {
            "name": item.name,
            "verdict": REFUSE if item.refused else SKIP,
            "reason": item.reason,
            **_files(item.files),
        }
        for item in inputs.skipped
    ]
    for name in inputs.ignored:
        reason = "in a sub-folder; give that folder" if image_suffix(Path(name)) else "no image"
        if name.upper() == "DICOMDIR":
            reason = "a DICOMDIR, the index of DICOM files, which are found by themselves"
        if name.lower().endswith(ZIP_SUFFIX):
            reason = ZIPS_ALONE
        entries.append({"name": name, "verdict": SKIP, "reason": reason})
    return entries


def _case_record(case: CaseInput, root: Path) -> dict[str, Any]:
    """The record of a case: what it is, or why it cannot be read after all."""
    folder = {"folder": source_folder(case, root)}
    if case.about:
        found = {"name": case.name, "verdict": USE, "reason": "", **case.about, **folder}
        return found | _files(case.faulty)
    try:
        volume = case.load()
    except (ValueError, OSError, MemoryError) as error:
        reason = str(error).removeprefix(f"{case.path.name}: ") or type(error).__name__
        return {"name": case.path.name, "verdict": REFUSE, "reason": reason}
    from shoulderseg.datasets.dicom.description import plane_of
    from shoulderseg.datasets.orientation import find_reorientation

    turn = find_reorientation(volume)
    normal = [volume.direction[3 * row + 2 - turn.order[0]] for row in range(3)]
    return {
        "name": case.name,
        "verdict": USE,
        "reason": "",
        "plane": plane_of(normal),
        "contrast": "not stated",
        "shape": list(volume.array.shape),
        "spacing_mm": [round(step, 4) for step in volume.spacing_mm],
        "side": "unknown",
        "side_from": "the format does not say it",
        "notes": [],
        **folder,
    }


def _files(paths: Sequence[Path]) -> dict[str, list[str]]:
    from shoulderseg.datasets.files import shown_name

    return {"files": [shown_name(path) for path in paths]} if paths else {}
