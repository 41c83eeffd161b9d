"""`shoulderseg convert dicom-study`: DICOM examinations and the masks drawn on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.convert.options import (
    AllowMissingOption,
    DryRunOption,
    FoldsOption,
    IdOption,
    KeepNamesOption,
    OutArgument,
    OverwriteOption,
    SeedOption,
    TestOption,
    parse_structures,
    read_test_cases,
)
from shoulderseg.cli.convert.output import run_conversion, tell_case
from shoulderseg.cli.failure import reported


def dicom_study(
    source: Annotated[Path, typer.Argument(help="Folder with one folder a patient.")],
    out: OutArgument,
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="VALUE=NAME for masks without names, SEGMENT=NAME for others; NAME may be "
            "background. Segments called humerus or glenoid need none.",
        ),
    ] = None,
    dataset_id: IdOption = 1,
    name: Annotated[str, typer.Option(help="Name of the dataset.")] = "Shoulder",
    test_cases: TestOption = "",
    folds: FoldsOption = 5,
    seed: SeedOption = 12345,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    allow_missing: AllowMissingOption = False,
    keep_source_names: KeepNamesOption = False,
) -> None:
    """Convert DICOM series with masks (DICOM SEG, seg.nrrd, NRRD, NIfTI), a folder a patient.

    A DICOM SEG says which series it was drawn on; other masks must lie on the grid of one series.
    Each series with a mask becomes a case.
    """
    with reported():
        from shoulderseg.datasets.converters.convert import Order
        from shoulderseg.datasets.converters.structures import Structures
        from shoulderseg.datasets.converters.study import StudyFolder, study_cases, study_settings
        from shoulderseg.datasets.nnunet_raw import DatasetSpec

        keys, labels = parse_structures(label_map or [])
        spec = DatasetSpec(dataset_id, name, labels=labels)
        study = StudyFolder(source, Structures(keys, labels), keep_source_names)
        order = Order(
            out,
            spec,
            study_settings(study),
            (source,),
            read_test_cases(test_cases),
            folds,
            seed,
            overwrite,
            tell_case,
            allow_missing,
        )
        run_conversion(study_cases(study), order, dry_run=dry_run)
