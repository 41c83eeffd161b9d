"""Folders with one folder a patient: 2D slices with masks, and DICOM examinations with masks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from shoulderseg.workflows.conversion.conversion import (
    Conversion,
    Target,
    conversion_of,
    number_labels,
    order_of,
)
from shoulderseg.workflows.conversion.pairs import NAME


def slices_conversion(
    source: Path,
    structures: Mapping[int, str],
    spacing_mm: tuple[float, float, float],
    target: Target,
) -> Conversion:
    """Prepares the conversion of 2D slices with masks into volumes.

    Args:
        source: folder with one folder a patient.
        structures: value in the masks to structure; they are numbered by `number_labels`.
        spacing_mm: from slice to slice, row to row and column to column.
        target: the dataset.

    Raises:
        ValueError: if an argument has a value that cannot be.
    """
    from shoulderseg.datasets.converters.slices import SliceStack, slice_cases, slices_settings
    from shoulderseg.datasets.nnunet_raw import DatasetSpec

    labels = number_labels(structures.values())
    spec = DatasetSpec(target.dataset_id, target.name or NAME, labels=labels)
    stack = SliceStack(spacing_mm, structures, spec.labels, target.keep_source_names)
    order = order_of(target, spec, slices_settings(stack), (source,))
    found = partial(slice_cases, source, stack)
    return conversion_of(found, order, exclude=target.exclude, numbered=True)


def study_conversion(
    source: Path,
    keys: Mapping[str, str],
    labels: Mapping[str, int],
    target: Target,
    *,
    automatic_masks: bool = False,
) -> Conversion:
    """Prepares the conversion of DICOM series with the masks drawn on them.

    Args:
        source: folder with one folder a patient.
        keys: value of a mask, or name of a segment in small letters, to structure.
        labels: the structures' values in the dataset, with the background.
        target: the dataset.
        automatic_masks: whether DICOM SEG count whose segments were all drawn by a program.

    Raises:
        ValueError: if an argument has a value that cannot be.
    """
    from shoulderseg.datasets.converters.structures import Structures
    from shoulderseg.datasets.converters.study import StudyFolder, study_cases, study_settings
    from shoulderseg.datasets.nnunet_raw import DatasetSpec

    spec = DatasetSpec(target.dataset_id, target.name or NAME, labels=labels)
    structures = Structures(keys, labels)
    study = StudyFolder(source, structures, target.keep_source_names, automatic_masks)
    order = order_of(target, spec, study_settings(study), (source,))
    return conversion_of(lambda: study_cases(study), order, exclude=target.exclude)
