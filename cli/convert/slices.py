"""`shoulderseg convert slices`: folders of 2D slices with masks into volumes."""

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
    MapOption,
    OutArgument,
    OverwriteOption,
    SeedOption,
    TestOption,
    number_labels,
    parse_label_map,
    read_spacing,
    read_test_cases,
)
from shoulderseg.cli.convert.output import run_conversion, tell_case
from shoulderseg.cli.failure import reported


def slices(
    source: Annotated[Path, typer.Argument(help="Folder with one folder a patient.")],
    out: OutArgument,
    spacing_mm: Annotated[
        str,
        typer.Option(metavar="Z,Y,X", help="From slice to slice, row to row, column to column."),
    ],
    label_map: MapOption,
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
    """Convert 2D slices (PNG, TIFF, DICOM) with masks, a folder a patient, into volumes.

    Masks lie in PATIENT/masks under the names of the files in PATIENT/images, or beside their image
    as NAME_mask. Slices are stacked by the numbers in their names; cases are called p001, p002, ...
    in the order of the folders.
    """
    with reported():
        from shoulderseg.datasets.converters.convert import Order
        from shoulderseg.datasets.converters.slices import (
            SliceStack,
            slice_cases,
            slices_settings,
        )
        from shoulderseg.datasets.nnunet_raw import DatasetSpec

        mapping = parse_label_map(label_map)
        spec = DatasetSpec(dataset_id, name, labels=number_labels(mapping))
        stack = SliceStack(read_spacing(spacing_mm), mapping, spec.labels, keep_source_names)
        order = Order(
            out,
            spec,
            slices_settings(stack),
            (source,),
            read_test_cases(test_cases),
            folds,
            seed,
            overwrite,
            tell_case,
            allow_missing,
        )
        run_conversion(slice_cases(source, stack), order, dry_run=dry_run)
