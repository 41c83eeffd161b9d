"""`shoulderseg phantom`: computer-generated shoulders with exact label maps."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import split_list

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dataset import CaseReport, SetReport, Writing
    from shoulderseg.datasets.phantom.presets import PhantomSet


class Format(StrEnum):
    """What the images are written as."""

    nifti = "nifti"
    dicom = "dicom"


class Scapula(StrEnum):
    """How much of the scapula is labelled."""

    glenoid = "glenoid"
    whole = "whole"


class Preset(StrEnum):
    """Sets with a name."""

    paper = "paper"


def phantom(
    out: Annotated[
        Path, typer.Argument(help="Where DatasetNNN_Name goes, usually nnUNet_raw; see --format.")
    ],
    cases: Annotated[int | None, typer.Option(help="How many shoulders; default: 8.")] = None,
    test_cases: Annotated[
        int | None, typer.Option(help="How many of them, the last, are for test; default: 0.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    sequence: Annotated[
        list[str] | None,
        typer.Option(
            help="t1-se, pd-tse, pd-fs, t2-tse, t2-fs, stir, gre, dixon-water, dixon-fat, dixon-in "
            "or dixon-out. Several, repeated or comma-separated, take turns; default: chance."
        ),
    ] = None,
    plane: Annotated[
        list[str] | None,
        typer.Option(help="coronal, sagittal, axial or isotropic; as --sequence."),
    ] = None,
    side: Annotated[str | None, typer.Option(help="left or right; default: chance.")] = None,
    sex: Annotated[str | None, typer.Option(help="female or male; default: chance.")] = None,
    field: Annotated[
        float | None, typer.Option(help="1.5 or 3 tesla, or 0.2 to 0.5; default: chance.")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="Z,Y,X",
            help="Voxels; default: as scanners do. Slices stay as far apart as scanners lay them "
            "(3 to 6 mm), so that fewer make a shorter stack around the joint.",
        ),
    ] = None,
    spacing: Annotated[
        str | None, typer.Option(metavar="Z,Y,X", help="In mm; default: as scanners do.")
    ] = None,
    health: Annotated[
        str | None,
        typer.Option(help="healthy, mixed, instability, arthrosis or cuff-tear; default: mixed."),
    ] = None,
    bone_loss: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", help="Missing in front of the glenoid, 0 to 35."),
    ] = None,
    wild: Annotated[
        bool, typer.Option("--wild", help="Random intensities instead of MR physics.")
    ] = False,
    wild_share: Annotated[
        float | None,
        typer.Option(help="Share of the cases, at random, with such intensities; default: 0."),
    ] = None,
    raised_share: Annotated[
        float | None,
        typer.Option(help="Share of the cases, at random, with a raised arm; default: 0."),
    ] = None,
    coarse_share: Annotated[
        float | None,
        typer.Option(
            help="Share of the cases, at random, with pixels up to four times as long; default: 0."
        ),
    ] = None,
    partial_volumes: Annotated[
        bool,
        typer.Option(
            "--partial-volumes",
            help="Also write how much of each voxel each structure fills, for training on images "
            "made anew at every step: about 80 MB a case.",
        ),
    ] = False,
    partial_volume_spacing: Annotated[
        float | None,
        typer.Option(metavar="MM", help="Voxels of --partial-volumes; default: 0.9."),
    ] = None,
    scapula: Annotated[Scapula, typer.Option(help="What the second label is.")] = Scapula.glenoid,
    glenoid_depth: Annotated[
        float | None,
        typer.Option(
            metavar="MM", help="How far from the joint the scapula is glenoid; default: 30."
        ),
    ] = None,
    preset: Annotated[
        Preset | None,
        typer.Option(help="paper: 8 patients of 100 slices of 384 x 384, 3 of them for test."),
    ] = None,
    file_format: Annotated[
        Format,
        typer.Option("--format", help="nifti: a dataset for nnU-Net; dicom: OUT/dicom/CASE."),
    ] = Format.nifti,
    dataset_id: Annotated[
        int | None, typer.Option(help="Number of the dataset; default: 900.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the dataset; default: Phantom.")] = None,
    folds: Annotated[
        int | None, typer.Option(help="Of the cross-validation; default: 5, or all there can be.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads a case.")] = 2,
    jobs: Annotated[int, typer.Option(min=1, help="Cases made at the same time.")] = 1,
    overwrite: Annotated[
        bool, typer.Option(help="Replace earlier phantoms instead of finishing them.")
    ] = False,
) -> None:
    """Make synthetic shoulder MRI with exact label maps of humerus and glenoid.

    No patient is shown. Tissue maps and everything that was drawn come along. A run that was
    interrupted goes on with the same command.
    """
    started = time.monotonic()
    with reported():
        from shoulderseg.datasets.phantom.dataset import Writing
        from shoulderseg.datasets.phantom.partial_volumes import SPACING_MM

        if partial_volumes and partial_volume_spacing is None:
            partial_volume_spacing = SPACING_MM
        if partial_volume_spacing is not None and not partial_volumes:
            msg = "--partial-volume-spacing has no meaning without --partial-volumes; add that"
            raise ValueError(msg)
        if scapula is Scapula.whole and glenoid_depth is not None:
            msg = "--glenoid-depth has no meaning with --scapula whole; leave one out"
            raise ValueError(msg)
        options = {
            "side": side,
            "sex": sex,
            "field_t": field,
            "shape": _three("--shape", shape, int),
            "spacing_mm": _three("--spacing", spacing, float),
            "health": health,
            "bone_loss_percent": bone_loss,
            "wild": wild or None,
            "whole_scapula": scapula is Scapula.whole or None,
            "glenoid_depth_mm": glenoid_depth,
        }
        numbers = {"cases": cases, "test_cases": test_cases, "seed": seed}
        shares = {
            "wild_share": wild_share,
            "raised_share": raised_share,
            "coarse_share": coarse_share,
            "partial_volumes_mm": partial_volume_spacing,
        }
        turns = {"sequences": _names(sequence), "planes": _names(plane)}
        phantoms = _order(preset, options, {**numbers, **shares, **turns})
        dataset = {"dataset_id": dataset_id, "name": name, "folds": folds}
        writing = Writing(overwrite=overwrite, workers=workers, jobs=jobs, on_case=_tell)
        report = _write(out, phantoms, writing, file_format, dataset)
        typer.echo(f"{_summary(report)}, {time.monotonic() - started:.1f} s")


def _order(preset: Preset | None, options: dict[str, Any], others: dict[str, Any]) -> PhantomSet:
    """What is asked for, on top of a preset; None is not asked for."""
    from dataclasses import replace

    from shoulderseg.datasets.phantom.presets import PRESETS, PhantomSet

    base = PhantomSet() if preset is None else PRESETS[preset.value]
    wanted = replace(base.options, **_given(options))
    return replace(base, options=wanted, **_given(others))


def _write(
    out: Path,
    phantoms: PhantomSet,
    writing: Writing,
    file_format: Format,
    dataset: dict[str, Any],
) -> SetReport:
    from shoulderseg.datasets.phantom.dataset import write_dataset, write_dicom

    if file_format is Format.nifti:
        return write_dataset(out, phantoms, writing, **_given(dataset))
    if _given(dataset):
        flags = ", ".join("--" + key.replace("_", "-") for key in _given(dataset))
        msg = f"{flags} belong to a dataset for nnU-Net; leave them out with --format dicom"
        raise ValueError(msg)
    return write_dicom(out, phantoms, writing)


def _summary(report: SetReport) -> str:
    training = f"{report.training_cases} training case{'s' * (report.training_cases != 1)}"
    folds = f" in {report.folds} folds" if report.folds else ""
    test = f"{report.test_cases} test case{'s' * (report.test_cases != 1)}"
    return f"{report.folder}: {training}{folds}, {test}"


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _names(entries: list[str] | None) -> tuple[str, ...] | None:
    if not entries:
        return None
    names = tuple(name for entry in entries for name in split_list(entry))
    if not names:
        msg = f"found {', '.join(map(repr, entries))} where names are expected; leave it out"
        raise ValueError(msg)
    return names


def _three(flag: str, text: str | None, kind: type[int] | type[float]) -> tuple[float, ...] | None:
    """Reads three numbers; the library checks how large they are."""
    if text is None:
        return None
    try:
        numbers = [kind(item) for item in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3:
        example = "24,256,256" if kind is int else "3.5,0.6,0.6"
        msg = f"{flag} is {text!r}, expected three numbers Z,Y,X as in {example}"
        raise ValueError(msg)
    return tuple(numbers)


def _tell(case: CaseReport) -> None:
    took = "there already" if case.seconds is None else f"{case.seconds:.1f} s"
    typer.echo(f"{case.name}  {case.sequence}  {case.plane}  {took}")
