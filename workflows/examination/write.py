"""Writes an examination: both bones on one fine grid, their surfaces, and who agrees with whom."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.unseen import UNSEEN, write_unseen
from shoulderseg.workflows.outputs.formats import SR_SUFFIX

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.examination.grouping import Group
    from shoulderseg.workflows.examination.vote import Examination
    from shoulderseg.workflows.outputs.plan import OutputPlan

_LOGGER = logging.getLogger(__name__)

SURFACES = (".stl", ".ply")


def write_group(
    plan: OutputPlan,
    group: Group,
    examination: Examination | None,
    why: str,
    values: Mapping[str, int],
) -> dict[str, Any]:
    """Writes an examination, if there is one; what cannot be written fails no series.

    Args:
        plan: where to; a BIDS dataset has no place for these files, so that none are written.
        group: the series.
        examination: what they came to; None for nothing.
        why: there is none.
        values: the voxel value of each bone.

    Returns:
        Its record for the run report.
    """
    record: dict[str, Any] = {"examination": group.name, "why": group.why}
    if examination is None:
        _LOGGER.warning("%s: its series do not vote together: %s", group.name, why)
        return {**record, "cases": list(group.cases), "error": why}
    try:
        written = [] if plan.bids else write_examination(plan.out, group.name, examination, values)
        record["outputs"] = written
    except Exception as error:
        _LOGGER.debug("traceback", exc_info=True)
        record["error"] = reason_of(error)
        _LOGGER.warning("%s: cannot be written: %s", group.name, record["error"])
    if "error" in examination.record:
        _LOGGER.warning("%s: %s", group.name, examination.record["error"])
    return record | examination.record


def write_examination(
    out: Path, name: str, examination: Examination, values: Mapping[str, int]
) -> list[str]:
    """Writes `NAME_bones.nii.gz`, where series end beside these, surfaces, and `NAME.json`.

    Args:
        out: the folder, which must exist.
        name: of the examination.
        examination: what to write; without bones only the JSON file is written.
        values: the voxel value of each bone.

    Returns:
        The files' names.

    Raises:
        OSError: if a file cannot be written.
    """
    from shoulderseg.datasets.output_file import write_text
    from shoulderseg.datasets.writer import write_label_map

    # Old ones would pass for this run's.
    meshes = [f"_{bone}{end}" for bone in values for end in SURFACES]
    unseen = f"{UNSEEN}.nii.gz"
    endings = [".json", SR_SUFFIX, "_bones.nii.gz", unseen, *meshes]
    for ending in endings:
        (out / f"{name}{ending}").unlink(missing_ok=True)
    written = [f"{name}.json"]
    bones = examination.bones
    if bones is not None:
        written.append(f"{name}_bones.nii.gz")
        write_label_map(out / written[-1], bones.array, bones)
        if examination.in_view is not None:
            written.append(f"{name}{unseen}")
            write_unseen(out / written[-1], bones, examination.in_view)
        written += _write_surfaces(out, name, bones, values)
    # Last, so that it tells of files that are there.
    record = {**examination.record, "outputs": written[1:]}
    write_text(out / written[0], json.dumps(record, indent=2) + "\n")
    return written


def _write_surfaces(out: Path, name: str, bones: Volume, values: Mapping[str, int]) -> list[str]:
    from shoulderseg.datasets.labels import describe_labels
    from shoulderseg.datasets.surface_files import write_surface
    from shoulderseg.datasets.surfaces import build_surface

    written = []
    for label in describe_labels(values):
        surface = build_surface(bones.array == label.value, bones)
        if surface is None:
            continue
        for suffix in SURFACES:
            written.append(f"{name}_{label.name}{suffix}")
            write_surface(out / written[-1], surface, label)
    return written
