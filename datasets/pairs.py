"""Conversion of a folder of images and a folder of label maps into an nnU-Net dataset."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from shoulderseg.datasets import pair_checks, pair_match
from shoulderseg.datasets.converters.convert import make_case, survey, write_dataset
from shoulderseg.datasets.converters.label_values import lookup_table
from shoulderseg.datasets.converters.shares import share_out
from shoulderseg.datasets.converters.source import (
    Labelled,
    Rejected,
    SourceCase,
    describe_unmet,
    remark,
    source_name,
)
from shoulderseg.datasets.converters.target import (
    ConversionError,
    ConversionReport,
    check_target,
)
from shoulderseg.datasets.converters.upright import turn_upright
from shoulderseg.datasets.converters.work_folder import open_work
from shoulderseg.datasets.named_labels import read_named_labels
from shoulderseg.datasets.reader import read_image

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.converters.examined import Examined
    from shoulderseg.datasets.converters.work_folder import WorkFolder
    from shoulderseg.datasets.nnunet_raw import DatasetSpec

__all__ = ["ConversionError", "ConversionReport", "convert_pairs", "survey_pairs"]


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
    folds: int | None = 5,
    overwrite: bool = False,
    keep_source_names: bool = False,
    allow_missing: bool = False,
    as_stored: bool = False,
    exclude: Collection[str] = (),
) -> ConversionReport:
    """Turns images and label maps with equal names into an nnU-Net raw dataset.

    Everything is checked before anything is written, one pair in memory at a time. The dataset
    appears complete or not at all. After an interruption the same call checks everything again,
    but keeps the cases that are written.

    Args:
        images: Folder of images; `find_volumes` says which files count.
        labels: Folder of label maps with the same case names.
        out: Folder to make the dataset folder in, for instance `nnUNet_raw`.
        spec: Name and labels of the dataset.
        label_values: Value in the label files to label name of `spec`. 0 is background.
        rng: Source of the drawn test patients and of the folds.
        test_cases: Names of the cases never trained on, or a number of patients to draw.
        patient_pattern: As for `find_patients`.
        folds: Folds in `splits_final.json`; None for 5, or as many as there are patients.
        overwrite: Replace an existing dataset. Folders with other files in them are kept.
        keep_source_names: Write file names into `conversion.csv` instead of their hashes.
        allow_missing: Take pairs in which some structures have no voxel.
        as_stored: Keep the orientation of the files, and do not turn volumes head up.
        exclude: Names of cases to leave out.

    Returns:
        What was written.

    Raises:
        ConversionError: With every problem found in the inputs.
        OSError: If a file cannot be written.
    """
    problems = check_target(out, (images, labels), spec, overwrite=overwrite)
    problems += pair_checks.check_label_values(label_values, spec.labels)
    pairs, found = pair_match.match_files(images, labels, exclude)
    problems += found + pair_checks.check_contents(pairs, label_values, allow_missing=allow_missing)
    patients, found = pair_checks.find_patients([pair.case for pair in pairs], patient_pattern)
    shares = share_out(patients, test_cases, folds=folds, rng=rng)
    problems += found + shares.problems
    if problems:
        raise ConversionError(problems)

    values, keep = sorted(label_values.items()), keep_source_names
    settings = {"converter": "pairs", "values": values, "as_stored": as_stored}
    work = open_work(out, spec, settings)
    cases = _cases(images, pairs, patients, label_values, spec, keep=keep, as_stored=as_stored)
    taken = [_make_taken(work, case, spec, allow_missing=allow_missing) for case in cases]
    report = write_dataset(work, spec, taken, shares)
    return replace(report, rejected=tuple(_remarks(images, labels, exclude)))


def _remarks(images: Path, labels: Path, exclude: Collection[str]) -> Iterator[Rejected]:
    unmet = pair_match.unmet_names(images, labels, exclude) if exclude else []
    if unmet:
        yield remark(describe_unmet(unmet))


def _make_taken(
    work: WorkFolder, case: SourceCase, spec: DatasetSpec, *, allow_missing: bool
) -> Examined:
    """Makes a case that was checked before; whatever is found only now ends the conversion."""
    outcome = make_case(work, case, spec, allow_missing=allow_missing)
    if isinstance(outcome, Rejected):
        raise ConversionError([f"{outcome.name}: {outcome.reason}"])
    return outcome


def survey_pairs(
    images: Path,
    labels: Path,
    spec: DatasetSpec,
    label_values: Mapping[int, str],
    *,
    patient_pattern: str | None = None,
    keep_source_names: bool = False,
    allow_missing: bool = False,
    as_stored: bool = False,
    exclude: Collection[str] = (),
) -> Iterator[Examined | Rejected]:
    """Reads all pairs and says what `convert_pairs` would take, one pair in memory at a time.

    Args:
        images: As for `convert_pairs`.
        labels: As for `convert_pairs`.
        spec: As for `convert_pairs`.
        label_values: As for `convert_pairs`.
        patient_pattern: As for `convert_pairs`.
        keep_source_names: As for `convert_pairs`.
        allow_missing: As for `convert_pairs`.
        as_stored: As for `convert_pairs`.
        exclude: As for `convert_pairs`.

    Yields:
        First a rejection for each file without a partner, wrong label value and case without a
        patient, and a remark about names to leave out that no file has, then what becomes of each
        pair.
    """
    pairs, problems = pair_match.match_files(images, labels, exclude)
    problems += pair_checks.check_label_values(label_values, spec.labels)
    patients, found = pair_checks.find_patients([pair.case for pair in pairs], patient_pattern)
    problems += found
    pairs = [pair for pair in pairs if pair.case in patients]
    for problem in problems:
        yield Rejected("-", "-", problem)
    yield from _remarks(images, labels, exclude)
    known = {value: name for value, name in label_values.items() if name in spec.labels}
    if not known:
        return
    keep = keep_source_names
    cases = _cases(images, pairs, patients, known, spec, keep=keep, as_stored=as_stored)
    check = partial(pair_checks.check_contents, allow_missing=allow_missing)
    checks = [partial(check, [pair], label_values) for pair in pairs]
    checked = (
        replace(case, load=partial(_checked_load, sound, case.load))
        for case, sound in zip(cases, checks, strict=True)
    )
    yield from survey(checked, spec.labels, allow_missing=allow_missing)


def _cases(
    images: Path,
    pairs: Sequence[pair_match.Pair],
    patients: Mapping[str, str],
    label_values: Mapping[int, str],
    spec: DatasetSpec,
    *,
    keep: bool,
    as_stored: bool,
) -> Iterator[SourceCase]:
    table = lookup_table(label_values, spec.labels)
    for pair in pairs:
        case = SourceCase(
            name=pair.case,
            patient=patients[pair.case],
            source=source_name(pair.image, images, keep=keep),
            files=(pair.image, pair.label),
            load=partial(_load, pair, label_values, table),
        )
        yield case if as_stored else turn_upright(case)


def _load(
    pair: pair_match.Pair, label_values: Mapping[int, str], table: npt.NDArray[np.uint8]
) -> Labelled:
    labels = read_named_labels(pair.label, label_values)
    return Labelled(read_image(pair.image), table[labels.array])


def _checked_load(check: Callable[[], list[str]], load: Callable[[], Labelled]) -> Labelled:
    problems = check()
    if problems:
        raise ValueError(" ".join(problems))
    return load()
