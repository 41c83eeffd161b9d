"""Conversion of a folder of images and a folder of label maps into an nnU-Net dataset."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets import pair_checks
from shoulderseg.datasets.nnunet_raw import (
    DatasetSpec,
    dataset_folder_name,
    write_case,
    write_dataset_json,
    write_json,
)
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.splits import patient_folds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_OWN_ENTRIES = frozenset(
    {"imagesTr", "labelsTr", "imagesTs", "labelsTs", "dataset.json", "splits_final.json"}
)


class ConversionError(ValueError):
    """A dataset was not written.

    Attributes:
        problems: Every reason, each naming its file.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        listed = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(f"Nothing was written. Problems found: {len(problems)}.{listed}")
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ConversionReport:
    """What was written.

    Attributes:
        folder: The dataset folder.
        training_cases: Names of the training cases, sorted.
        test_cases: Names of the test cases, sorted.
        training_patients: Number of patients trained on.
        folds: Number of folds.
    """

    folder: Path
    training_cases: tuple[str, ...]
    test_cases: tuple[str, ...]
    training_patients: int
    folds: int


def convert_pairs(
    images: Path,
    labels: Path,
    out: Path,
    spec: DatasetSpec,
    label_values: Mapping[int, str],
    *,
    rng: np.random.Generator,
    test_cases: Sequence[str] | int = (),
    patient_pattern: str | None = None,
    folds: int = 5,
    overwrite: bool = False,
) -> ConversionReport:
    """Turn images and label maps with equal names into an nnU-Net raw dataset.

    Everything is checked before anything is written, one pair in memory at a time. The dataset
    appears complete or not at all.

    Args:
        images: Folder of images; `find_volumes` says which files count.
        labels: Folder of label maps with the same case names.
        out: Folder to make the dataset folder in, for instance `nnUNet_raw`.
        spec: Name and labels of the dataset.
        label_values: Value in the label files to label name of `spec`. 0 is background.
        rng: Source of the drawn test patients and of the folds.
        test_cases: Names of the cases never trained on, or a number of patients to draw.
        patient_pattern: As for `find_patients`.
        folds: Folds in `splits_final.json`.
        overwrite: Replace an existing dataset. Folders with other files in them are kept.

    Returns:
        What was written.

    Raises:
        ConversionError: With every problem found in the inputs.
        OSError: If a file cannot be written.
    """
    folder = out / dataset_folder_name(spec)
    problems = _check_target(folder, (images, labels), spec, overwrite=overwrite)
    problems += pair_checks.check_label_values(label_values, spec.labels)
    pairs, found = pair_checks.match_files(images, labels)
    problems += found + pair_checks.check_contents(pairs, label_values)
    patients, found = pair_checks.find_patients([pair.case for pair in pairs], patient_pattern)
    problems += found
    tests = _draw_tests(patients, test_cases, rng)
    problems += pair_checks.check_test_cases(patients, tests)
    training = {case: patient for case, patient in patients.items() if case not in tests}
    splits: list[dict[str, list[str]]] = []
    try:
        splits = patient_folds(training, rng=rng, folds=folds)
    except ValueError as error:
        problems.append(f"training cases of {images.name}: {error}")
    if problems:
        raise ConversionError(problems)

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".part-") as scratch:
        part = Path(scratch) / folder.name
        _write_cases(part, pairs, _lookup_table(label_values, spec), tests)
        write_json(part / "splits_final.json", splits)
        write_dataset_json(part, spec, len(training))
        if folder.exists():
            folder.replace(Path(scratch) / "replaced")
        part.replace(folder)
    return ConversionReport(
        folder=folder,
        training_cases=tuple(sorted(training)),
        test_cases=tuple(sorted(tests)),
        training_patients=len(set(training.values())),
        folds=folds,
    )


def _check_target(
    folder: Path, sources: Iterable[Path], spec: DatasetSpec, *, overwrite: bool
) -> list[str]:
    problems = [
        f"folder {other.name}: it has the dataset number {spec.dataset_id} too. Choose another."
        for other in sorted(folder.parent.glob(f"Dataset{spec.dataset_id:03d}_*"))
        if other.name != folder.name
    ]
    entries = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if entries and not overwrite:
        problems.append(f"folder {folder.name}: it is not empty. Allow overwriting or move it.")
    if overwrite and entries - _OWN_ENTRIES:
        others = ", ".join(sorted(entries - _OWN_ENTRIES)[:10])
        problems.append(f"folder {folder.name}: it also holds {others}. Move them away.")
    problems.extend(
        f"folder {source.name}: it lies in the dataset folder that would be written."
        for source in sources
        if source.resolve().is_relative_to(folder.resolve())
    )
    return problems


def _draw_tests(
    patients: Mapping[str, str], test_cases: Sequence[str] | int, rng: np.random.Generator
) -> set[str]:
    if not isinstance(test_cases, int):
        return set(test_cases)
    names = sorted(set(patients.values()))
    drawn = {names[index] for index in rng.permutation(len(names))[: max(test_cases, 0)]}
    return {case for case, patient in patients.items() if patient in drawn}


def _lookup_table(
    label_values: Mapping[int, str], spec: DatasetSpec
) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    table = np.zeros(max(label_values) + 1, dtype=np.uint8)
    for value, name in label_values.items():
        table[value] = spec.labels[name]
    return table


def _write_cases(
    folder: Path,
    pairs: Iterable[pair_checks.Pair],
    table: np.ndarray[tuple[int], np.dtype[np.uint8]],
    tests: set[str],
) -> None:
    for pair in pairs:
        label_map = table[read_label_map(pair.label).array]
        write_case(folder, pair.case, read_image(pair.image), label_map, test=pair.case in tests)
