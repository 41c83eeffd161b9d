"""The files of one phantom in a set: which there are, and writing them complete or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from shoulderseg.datasets.nnunet_raw import FILE_ENDING, write_case, write_json
from shoulderseg.datasets.output_file import make_folder
from shoulderseg.datasets.phantom.dicom_series import SeriesIdentity, write_series
from shoulderseg.datasets.phantom.partial_volume_file import write_partial_volumes
from shoulderseg.datasets.phantom.presets import case_name, case_options, is_test_case
from shoulderseg.datasets.writer import write_label_map

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.case import PhantomCase
    from shoulderseg.datasets.phantom.partial_volumes import PartialVolumes
    from shoulderseg.datasets.phantom.presets import PhantomSet

FileFormat = Literal["nifti", "dicom"]
SCRATCH = ".part-"
KINDS = ("images", "labels", "tissues", "parameters", "partialVolumes")
PARTS = ("Tr", "Ts")


class CasePaths(NamedTuple):
    """Where the parts of a case lie, relative to the folder of the set; the last is written last.

    Attributes:
        image: A file, or the folder of a series.
        labels: The label map.
        tissues: The tissue map.
        parameters: What is true about the case.
    """

    image: Path
    labels: Path
    tissues: Path
    parameters: Path


def partial_volumes_path(phantoms: PhantomSet, number: int, file_format: FileFormat) -> Path | None:
    """Gives the path of a phantom's partial volume map, None if the set has none."""
    if phantoms.partial_volumes_mm is None:
        return None
    part = PARTS[is_test_case(phantoms, number)] if file_format == "nifti" else ""
    return Path(f"partialVolumes{part}", f"{case_name(number)}.safetensors")


def case_paths(phantoms: PhantomSet, number: int, file_format: FileFormat) -> CasePaths:
    """Gives the paths of the phantom with a number from 1 on."""
    name = case_name(number)
    part = PARTS[is_test_case(phantoms, number)] if file_format == "nifti" else ""
    image = Path(f"images{part}", f"{name}_0000{FILE_ENDING}")
    return CasePaths(
        image=image if file_format == "nifti" else Path("dicom", name),
        labels=Path(f"labels{part}", f"{name}{FILE_ENDING}"),
        tissues=Path(f"tissues{part}", f"{name}{FILE_ENDING}"),
        parameters=Path(f"parameters{part}", f"{name}.json"),
    )


def write_case_files(
    folder: Path,
    phantoms: PhantomSet,
    number: int,
    file_format: FileFormat,
    case: PhantomCase,
    partial_volumes: PartialVolumes | None = None,
) -> None:
    """Writes a phantom into the folder of its set.

    Args:
        folder: Of the set.
        phantoms: The set.
        number: Of the phantom, from 1 on.
        file_format: Of its image.
        case: The phantom.
        partial_volumes: Its map, if the set has maps.

    Raises:
        ValueError: As for `write_series`, `write_label_map` and `make_folder`.
        OSError: If a file cannot be written.
    """
    paths: list[Path] = [*case_paths(phantoms, number, file_format)]
    image, labels, tissues, parameters = paths
    map_path = partial_volumes_path(phantoms, number, file_format)
    if map_path is not None:
        paths.insert(0, map_path)
    record, test = _record(phantoms, number), is_test_case(phantoms, number)
    with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as name:
        scratch = Path(name)
        for path in paths:
            (scratch / path).parent.mkdir(exist_ok=True)
            make_folder((folder / path).parent, folder)
        if file_format == "nifti":
            write_case(scratch, case_name(number), case.image, case.label_map, test=test)
        else:
            identity = SeriesIdentity(number, json.dumps(record, sort_keys=True))
            write_series(scratch / image, case, identity)
            write_label_map(scratch / labels, case.label_map, case.image)
        write_label_map(scratch / tissues, case.tissue_map, case.image)
        if map_path is not None and partial_volumes is not None:
            write_partial_volumes(scratch / map_path, partial_volumes)
        kept_for = {"case": case_name(number), "kept_for": "test" if test else "training"}
        drawn = {"parameters": case.parameters, "measurements": case.measurements}
        write_json(scratch / parameters, {**kept_for, **record, "grid": asdict(case.grid), **drawn})
        for path in paths:
            _move(scratch / path, folder / path)


def _record(phantoms: PhantomSet, number: int) -> dict[str, Any]:
    """All that a phantom is made from."""
    return {
        "shoulderseg": version("shoulderseg"),
        "seed": phantoms.seed,
        "number": number,
        "options": asdict(case_options(phantoms, number)),
    }


def _move(source: Path, target: Path) -> None:
    # What an interrupted run left of a series is in the way; a file is just replaced.
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)
