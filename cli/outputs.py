"""Writes what `predict` found in a case, in the formats asked for."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.cli.bids import write_label_table
from shoulderseg.cli.formats import SURFACES, Format, file_suffix

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from shoulderseg.cli.output_plan import Case, OutputPlan
    from shoulderseg.datasets.labels import Label
    from shoulderseg.datasets.volume import Volume

HOLDS_PATIENT_DATA = "carries the patient's data of its source images; handle it as you do them"

_LOGGER = logging.getLogger(__name__)


def write_outputs(
    plan: OutputPlan,
    case: Case,
    label_map: npt.NDArray[np.uint8],
    volume: Volume,
    values: Mapping[str, int],
) -> dict[str, Any]:
    """Writes a case.

    Args:
        plan: where to, and as what.
        case: the case.
        label_map: labels, uint8 (Z, Y, X).
        volume: the image, for its grid.
        values: the voxel value of each label.

    Returns:
        For the run report: `output`, the first file; `outputs`, all of them, below the folder;
        where there are any, `surfaces`, `patient_data` and `not_written`, with reasons, and
        `error` if what is not written was asked for.

    Raises:
        ValueError: if nothing of what was asked for can be written.
        OSError: if a file cannot be written.
    """
    from shoulderseg.datasets.labels import describe_labels

    labels = describe_labels(values)
    base = plan.out / plan.stem(case)
    base.parent.mkdir(parents=True, exist_ok=True)
    formats = plan.formats_of(case)
    written: dict[Format, list[Path]] = {form: [] for form in formats}
    try:
        said = _write_all(plan, base, written, (label_map, volume), case, labels)
    except Exception:
        # A failed case leaves nothing that could pass for its result.
        for path in (path for paths in written.values() for path in paths):
            path.unlink(missing_ok=True)
        raise
    if written.get(Format.dicom):
        said["patient_data"] = f"{written[Format.dicom][0].name} {HOLDS_PATIENT_DATA}"
    missing = {form.value: why for form, why in plan.refused(case).items()}
    missing |= said.pop("not_written", {})
    if missing:
        said["not_written"] = missing
    asked = [f"no {form}: {missing[form]}" for form in plan.formats if form in missing]
    if asked:
        said["error"] = f"{case.name}: {'; '.join(asked)}"
    outputs = [path.relative_to(plan.out).as_posix() for form in formats for path in written[form]]
    return {"output": next(iter(outputs), None), "outputs": outputs, **said}


def _write_all(
    plan: OutputPlan,
    base: Path,
    written: dict[Format, list[Path]],
    result: tuple[npt.NDArray[np.uint8], Volume],
    case: Case,
    labels: Sequence[Label],
) -> dict[str, Any]:
    """Adds to `written` what is there; says what else the report should hold."""
    said: dict[str, Any] = {}
    # What may be refused comes first.
    for form in sorted(written, key=lambda form: form is not Format.dicom):
        if form in SURFACES:
            continue
        path = _with_suffix(base, file_suffix(form))
        try:
            _write_label_map(form, path, result, case, labels)
        except ValueError as error:
            if form is not Format.dicom or plan.formats == (form,):
                raise
            _LOGGER.warning("%s: no DICOM SEG: %s", case.name, error)
            said["not_written"] = {form.value: str(error)}
            continue
        written[form].append(path)
    meshes = {form: paths for form, paths in written.items() if form in SURFACES}
    if meshes:
        said["surfaces"] = _write_surfaces(base, meshes, result, labels)
    if plan.bids:
        write_label_table(_with_suffix(base, ".tsv"), labels)
    return said


def _write_label_map(
    form: Format,
    path: Path,
    result: tuple[npt.NDArray[np.uint8], Volume],
    case: Case,
    labels: Sequence[Label],
) -> None:
    label_map, volume = result
    if form is Format.dicom:
        from shoulderseg.datasets.dicom_seg import write_dicom_seg

        write_dicom_seg(path, label_map, volume, case.source_files, labels)
    elif form is Format.slicer:
        from shoulderseg.datasets.seg_nrrd import write_seg_nrrd

        write_seg_nrrd(path, label_map, volume, labels)
    else:
        from shoulderseg.datasets.writer import write_label_map

        write_label_map(path, label_map, volume)


def _write_surfaces(
    base: Path,
    written: dict[Format, list[Path]],
    result: tuple[npt.NDArray[np.uint8], Volume],
    labels: Sequence[Label],
) -> dict[str, Any]:
    """Writes each bone that is there; says how true each surface is to the mask."""
    from shoulderseg.datasets.surface_files import write_surface
    from shoulderseg.datasets.surfaces import SMOOTHING_MM, build_surface

    label_map, volume = result
    measures: dict[str, Any] = {}
    for label in labels:
        bone = re.sub(r"[^A-Za-z0-9]+", "-", label.name)
        paths = {form: _with_suffix(base, f"_{bone}{file_suffix(form)}") for form in written}
        surface = build_surface(label_map == label.value, volume)
        if surface is None:
            # One of an earlier run would pass for this one's.
            for path in paths.values():
                path.unlink(missing_ok=True)
            measures[label.name] = {"empty": True}
            continue
        for form, path in paths.items():
            write_surface(path, surface, label)
            written[form].append(path)
        measures[label.name] = {
            "watertight": surface.watertight,
            "volume_ml": round(surface.volume_ml, 4),
            "mask_volume_ml": round(surface.mask_volume_ml, 4),
            "deviation_mean_mm": round(surface.deviation_mean_mm, 4),
            "deviation_max_mm": round(surface.deviation_max_mm, 4),
            "smoothing_mm": SMOOTHING_MM,
        }
    return measures


def _with_suffix(base: Path, suffix: str) -> Path:
    """A case's name may have dots of its own."""
    return base.with_name(base.name + suffix)
