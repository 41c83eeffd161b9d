"""`shoulderseg convert totalseg-mri` and `totalseg-ct`: shoulders out of body scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.convert.options import (
    AllowMissingOption,
    DryRunOption,
    FoldsOption,
    IdOption,
    OutArgument,
    OverwriteOption,
    SeedOption,
    TestOption,
    read_test_cases,
)
from shoulderseg.cli.convert.output import run_conversion, tell_case
from shoulderseg.cli.failure import reported

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.convert import Order
    from shoulderseg.datasets.converters.totalseg import ShoulderChoice
    from shoulderseg.datasets.converters.totalseg_releases import Release

SourceArgument = Annotated[Path, typer.Argument(help="Folder with s0001, s0002, ...")]
NameOption = Annotated[str | None, typer.Option(help="Name of the dataset.")]
GlenoidOption = Annotated[
    float,
    typer.Option(metavar="MM", help="How far from the joint surface the scapula is glenoid."),
]
MarginOption = Annotated[
    float, typer.Option(metavar="MM", help="Image kept around humeral head and glenoid.")
]
LeastOption = Annotated[
    int, typer.Option(help="Voxels that humerus and scapula must have, each, to be taken.")
]


def totalseg_mri(
    source: SourceArgument,
    out: OutArgument,
    dataset_id: IdOption = 2,
    name: NameOption = None,
    glenoid_mm: GlenoidOption = 30.0,
    margin_mm: MarginOption = 40.0,
    min_voxels: LeastOption = 500,
    test_cases: TestOption = "",
    folds: FoldsOption = 5,
    seed: SeedOption = 12345,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    allow_missing: AllowMissingOption = False,
) -> None:
    """Convert the TotalSegmentator MRI dataset: sXXXX/mri.nii.gz, sXXXX/segmentations/.

    Each side that shows a joint becomes a case; the glenoid is cut from the scapula, which is an
    approximation. For non-commercial use only (CC BY-NC-SA 2.0).
    """
    with reported():
        from shoulderseg.datasets.converters.totalseg import ShoulderChoice
        from shoulderseg.datasets.converters.totalseg_releases import MRI

        choice = ShoulderChoice(glenoid_mm, margin_mm, min_voxels)
        order = _order(source, out, MRI, choice, (dataset_id, name))
        order = _shared(order, test_cases, folds, seed, overwrite, allow_missing)
        _convert(source, MRI, choice, order, dry_run=dry_run)


def totalseg_ct(
    source: SourceArgument,
    out: OutArgument,
    dataset_id: IdOption = 3,
    name: NameOption = None,
    glenoid_mm: GlenoidOption = 30.0,
    margin_mm: MarginOption = 40.0,
    min_voxels: LeastOption = 500,
    test_cases: TestOption = "",
    folds: FoldsOption = 5,
    seed: SeedOption = 12345,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    allow_missing: AllowMissingOption = False,
) -> None:
    """Convert the TotalSegmentator CT dataset, as priors of shape: sXXXX/ct.nii.gz, as for MRI.

    Known fault of its labels: the supraspinous fossa of the scapula is missing (CC BY 4.0).
    """
    with reported():
        from shoulderseg.datasets.converters.totalseg import ShoulderChoice
        from shoulderseg.datasets.converters.totalseg_releases import CT

        choice = ShoulderChoice(glenoid_mm, margin_mm, min_voxels)
        order = _order(source, out, CT, choice, (dataset_id, name))
        order = _shared(order, test_cases, folds, seed, overwrite, allow_missing)
        _convert(source, CT, choice, order, dry_run=dry_run)


def _order(
    source: Path,
    out: Path,
    release: Release,
    choice: ShoulderChoice,
    called: tuple[int, str | None],
) -> Order:
    from shoulderseg.datasets.converters.convert import Order
    from shoulderseg.datasets.converters.totalseg import totalseg_settings
    from shoulderseg.datasets.converters.totalseg_releases import totalseg_spec

    spec = totalseg_spec(release, *called)
    settings = totalseg_settings(release, choice)
    return Order(out, spec, settings, (source,), on_case=tell_case)


def _shared(
    order: Order, test_cases: str, folds: int, seed: int, overwrite: bool, allow_missing: bool
) -> Order:
    from dataclasses import replace

    wanted = read_test_cases(test_cases)
    return replace(
        order,
        test_cases=wanted,
        folds=folds,
        seed=seed,
        overwrite=overwrite,
        allow_missing=allow_missing,
    )


def _convert(
    source: Path, release: Release, choice: ShoulderChoice, order: Order, *, dry_run: bool
) -> None:
    from shoulderseg.datasets.converters.totalseg import totalseg_cases

    typer.echo(release.notice)
    run_conversion(totalseg_cases(source, release, choice), order, dry_run=dry_run)
