"""A folder of images and one of label maps with the same file names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.conversion.conversion import (
    Conversion,
    Survey,
    Target,
    number_labels,
    order_of,
    surveyed,
)

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.target import ConversionReport
    from shoulderseg.workflows.conversion.conversion import OnCase

NAME = "Shoulder"


def pairs_conversion(
    images: Path,
    labels: Path,
    structures: Mapping[int, str],
    target: Target,
    patient_pattern: str | None = None,
) -> Conversion:
    """Prepares the conversion of pairs; all of them are taken, or nothing is written.

    Args:
        images: folder with one image a case.
        labels: folder with one label map a case.
        structures: value in the label maps to structure; they are numbered by `number_labels`.
        target: the dataset.
        patient_pattern: regular expression whose group is a case's patient; None: each is its own.

    Raises:
        ValueError: if number, name or structures cannot be those of a dataset.
    """
    import numpy as np

    from shoulderseg.datasets.nnunet_raw import DatasetSpec
    from shoulderseg.datasets.pairs import convert_pairs, survey_pairs

    common: dict[str, Any] = {"patient_pattern": patient_pattern, "exclude": target.exclude}
    common |= {"allow_missing": target.allow_missing, "as_stored": target.as_stored}
    numbered = number_labels(structures.values())
    spec = DatasetSpec(target.dataset_id, target.name or NAME, labels=numbered)

    def survey() -> Survey:
        # Nothing is written, and who reads the survey has to find the file.
        outcomes = survey_pairs(
            *(images, labels, spec, structures),
            **common,
            keep_source_names=True,
        )
        return surveyed(outcomes, order_of(target, spec, {}, (images, labels)))

    def run(_: OnCase) -> ConversionReport:
        return convert_pairs(
            *(images, labels, target.out, spec, structures),
            **common,
            test_cases=target.test_cases,
            folds=target.folds,
            rng=np.random.default_rng(target.seed),
            overwrite=target.overwrite,
            keep_source_names=target.keep_source_names,
        )

    return Conversion(survey, run, all_or_nothing=True)
