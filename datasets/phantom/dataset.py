"""Writing of a set of phantoms, as a dataset for nnU-Net or as DICOM series.

A set is made case by case, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from shoulderseg.datasets.nnunet_raw import (
    DatasetSpec,
    dataset_folder_name,
    write_dataset_json,
    write_json,
)
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.case_files import (
    case_paths,
    partial_volumes_path,
    write_case_files,
)
from shoulderseg.datasets.phantom.partial_volumes import make_partial_volumes
from shoulderseg.datasets.phantom.presets import (
    case_name,
    case_options,
    case_rng,
    is_test_case,
)
from shoulderseg.datasets.phantom.set_folder import prepare_folder
from shoulderseg.datasets.splits import patient_folds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shoulderseg.datasets.phantom.case_files import FileFormat
    from shoulderseg.datasets.phantom.presets import PhantomSet

DATASET_ID, DATASET_NAME = 900, "Phantom"
DEFAULT_FOLDS = 5


class CaseReport(NamedTuple):
    """What was done about one case.

    Attributes:
        name: Of the case.
        sequence: Its kind of contrast.
        plane: Its slice orientation.
        seconds: How long it took; None if it was there already.
    """

    name: str
    sequence: str
    plane: str
    seconds: float | None


@dataclass(frozen=True)
class SetReport:
    """What was written.

    Attributes:
        folder: Where the set lies.
        training_cases: How many cases are for training.
        test_cases: How many are for test.
        folds: How many folds there are, 0 for none.
    """

    folder: Path
    training_cases: int
    test_cases: int
    folds: int


@dataclass(frozen=True)
class Writing:
    """How a set is written, whatever it holds.

    Attributes:
        overwrite: Replace an earlier set of phantoms instead of finishing it.
        workers: Threads a case; the files do not depend on it.
        jobs: Cases made at the same time, each in a process of its own; nor on this.
        on_case: Called after each case.
    """

    overwrite: bool = False
    workers: int = 2
    jobs: int = 1
    on_case: Callable[[CaseReport], None] = lambda _: None


def write_dataset(
    out: Path,
    phantoms: PhantomSet,
    writing: Writing | None = None,
    *,
    dataset_id: int = DATASET_ID,
    name: str = DATASET_NAME,
    folds: int | None = None,
) -> SetReport:
    """Writes phantoms as an nnU-Net raw dataset, or finishes one that was begun.

    Beside nnU-Net's files come tissue maps (`tissuesTr`, their values in `tissues.json`) and what
    is true about each case (`parametersTr`), and partial volume maps (`partialVolumesTr`) where the
    set has them.

    Args:
        out: Folder to make the dataset folder in, for instance `nnUNet_raw`.
        phantoms: What to make.
        writing: How to write it.
        dataset_id: nnU-Net's number of the dataset.
        name: Of the dataset.
        folds: Folds of `splits_final.json`; None for 5, or as many as there are training cases,
            or no such file for one training case.

    Returns:
        What was written.

    Raises:
        ValueError: If the folder holds something else or a set made from something else, a name
            or number is not allowed, or there are too few cases for the folds.
        OSError: If a file cannot be written.
    """
    writing = writing or Writing()
    spec = _spec(dataset_id, name, whole_scapula=phantoms.options.whole_scapula)
    folder = out / dataset_folder_name(spec)
    for other in sorted(out.glob(f"Dataset{dataset_id:03d}_*")):
        if other.name != folder.name:
            msg = f"{other} has the dataset number {dataset_id} too; choose another number"
            raise ValueError(msg)
    splits = _splits(phantoms, folds)
    prepare_folder(folder, phantoms, "nifti", overwrite=writing.overwrite)
    # Only a finished dataset has them.
    (folder / "dataset.json").unlink(missing_ok=True)
    (folder / "splits_final.json").unlink(missing_ok=True)
    _make_cases(folder, phantoms, "nifti", writing)
    if splits:
        write_json(folder / "splits_final.json", splits)
    training = phantoms.cases - phantoms.test_cases
    write_dataset_json(folder, spec, training)
    return SetReport(folder, training, phantoms.test_cases, len(splits))


def write_dicom(out: Path, phantoms: PhantomSet, writing: Writing | None = None) -> SetReport:
    """Writes phantoms as DICOM series, or finishes what was begun.

    `dicom/CASE` holds a series and nothing else. Label maps (`labels`), tissue maps (`tissues`)
    and `parameters`, which also tell the cases for test, lie beside `dicom`.

    Args:
        out: Folder for all of it.
        phantoms: What to make.
        writing: How to write it.

    Returns:
        What was written.

    Raises:
        ValueError: If the folder holds something else or a set made from something else.
        OSError: If a file cannot be written.
    """
    writing = writing or Writing()
    prepare_folder(out, phantoms, "dicom", overwrite=writing.overwrite)
    _make_cases(out, phantoms, "dicom", writing)
    training = phantoms.cases - phantoms.test_cases
    return SetReport(out, training, phantoms.test_cases, 0)


def _spec(dataset_id: int, name: str, *, whole_scapula: bool) -> DatasetSpec:
    return DatasetSpec(
        dataset_id=dataset_id,
        name=name,
        labels={"background": 0, "humerus": 1, "scapula" if whole_scapula else "glenoid": 2},
        licence="none needed: synthetic, shows no patient",
        reference=f"made by shoulderseg phantom, version {version('shoulderseg')}",
        description="Synthetic shoulder MRI: computer-generated phantoms, no patients",
    )


def _splits(phantoms: PhantomSet, folds: int | None) -> list[dict[str, list[str]]]:
    """Folds of the training cases, each of which is a patient."""
    numbers = range(1, phantoms.cases + 1)
    training = [case_name(number) for number in numbers if not is_test_case(phantoms, number)]
    if folds is None:
        if len(training) == 1:
            return []
        folds = min(DEFAULT_FOLDS, len(training))
    patients = dict(zip(training, training, strict=True))
    return patient_folds(patients, rng=case_rng(phantoms, 0), folds=folds)


def _make_cases(
    folder: Path, phantoms: PhantomSet, file_format: FileFormat, writing: Writing
) -> None:
    numbers = range(1, phantoms.cases + 1)
    make = partial(_make_case, folder, phantoms, file_format, writing.workers)
    if writing.jobs == 1:
        for number in numbers:
            writing.on_case(make(number))
        return
    # Processes that start from nothing behave alike on all systems.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(writing.jobs, phantoms.cases), context) as pool:
        try:
            for report in pool.map(make, numbers):
                writing.on_case(report)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _make_case(
    folder: Path, phantoms: PhantomSet, file_format: FileFormat, workers: int, number: int
) -> CaseReport:
    paths = case_paths(phantoms, number, file_format)
    map_path = partial_volumes_path(phantoms, number, file_format)
    wanted = [*paths] if map_path is None else [*paths, map_path]
    seconds = None
    if not all((folder / path).exists() for path in wanted):
        started = time.perf_counter()
        options, step_mm = case_options(phantoms, number), phantoms.partial_volumes_mm
        case = make_case(options, case_rng(phantoms, number), workers=workers)
        volumes = None
        if step_mm is not None:
            rng = case_rng(phantoms, number)
            volumes = make_partial_volumes(options, rng, spacing_mm=step_mm, workers=workers)
        write_case_files(folder, phantoms, number, file_format, case, volumes)
        seconds = time.perf_counter() - started
    drawn = json.loads((folder / paths.parameters).read_text(encoding="utf-8"))
    protocol = drawn["parameters"]["protocol"]
    return CaseReport(drawn["case"], protocol["sequence"], protocol["plane"], seconds)
