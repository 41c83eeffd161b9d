"""`shoulderseg phantom`: computer-generated shoulders with exact label maps."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import split_list
from shoulderseg.cli.phantom_options import (
    AnatomyOptions,
    FileOptions,
    ImageOptions,
    LabelOptions,
    Scapula,
    VariationOptions,
    WorkOptions,
)
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dataset import CaseReport, SetReport


# Names of options that are not those of the fields they set.
_FLAGS = {"partial_volumes_mm": "partial-volumes", "sequences": "sequence", "planes": "plane"}


class Preset(StrEnum):
    """Sets with a name."""

    paper = "paper"


def phantom(
    out: Annotated[
        Path, typer.Argument(help="Where DatasetNNN_Name goes, usually nnUNet_raw; see --format.")
    ],
    anatomy: AnatomyOptions,
    images: ImageOptions,
    variation: VariationOptions,
    labels: LabelOptions,
    files: FileOptions,
    work: WorkOptions,
    cases: Annotated[int | None, typer.Option(help="How many shoulders.", show_default="8")] = None,
    test_cases: Annotated[
        int | None,
        typer.Option(help="How many of them, the last, are for test.", show_default="0"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    preset: Annotated[
        Preset | None,
        typer.Option(
            help="paper: 8 patients of 100 slices of 384 x 384, 3 of them for test.",
            show_default="none",
        ),
    ] = None,
) -> None:
    """Make synthetic shoulder MRI with exact label maps of humerus and glenoid.

    No patient is shown. Tissue maps and everything that was drawn come along. A run that was
    interrupted goes on with the same command.
    """
    started = time.monotonic()
    with reported():
        from shoulderseg.datasets.phantom.dataset import Writing
        from shoulderseg.workflows.phantom import DatasetNames, order_phantoms, write_phantoms

        options = _case_options(anatomy, images, variation, labels)
        if files.examination:
            numbers = {"preset": preset, "test_cases": test_cases}
            _refuse_set_options(numbers | _set_options(images, variation, files) | _named(files))
            _write_examinations(out, options, {"cases": cases, "seed": seed}, files, work)
            return
        numbers = {"cases": cases, "test_cases": test_cases, "seed": seed}
        rest = _set_options(images, variation, files)
        chosen = None if preset is None else preset.value
        phantoms = order_phantoms(chosen, options, {**numbers, **rest})
        names = DatasetNames(files.dataset_id, files.name, files.folds)
        writing = Writing(
            overwrite=work.overwrite, workers=work.workers, jobs=work.jobs, on_case=_tell
        )
        report = write_phantoms(out, phantoms, writing, files.file_format.value, names)
        echo(f"{_summary(report)}, {time.monotonic() - started:.1f} s")


def _case_options(
    anatomy: AnatomyOptions, images: ImageOptions, variation: VariationOptions, labels: LabelOptions
) -> dict[str, Any]:
    """What was chosen for every case; None where nothing was.

    Raises:
        ValueError: if options contradict each other or are no numbers.
    """
    if labels.scapula is Scapula.whole and labels.glenoid_depth is not None:
        msg = "--glenoid-depth has no meaning with --scapula whole; leave one out"
        raise ValueError(msg)
    return {
        "side": anatomy.side,
        "sex": anatomy.sex,
        "health": anatomy.health,
        "bone_loss_percent": anatomy.bone_loss,
        "field_t": images.field,
        "shape": _three("--shape", images.shape, int),
        "spacing_mm": _three("--spacing", images.spacing, float),
        "random_contrast": variation.random_contrast or None,
        "whole_scapula": labels.scapula is Scapula.whole or None,
        "glenoid_depth_mm": labels.glenoid_depth,
    }


def _write_examinations(
    out: Path,
    options: dict[str, Any],
    numbers: dict[str, int | None],
    files: FileOptions,
    work: WorkOptions,
) -> None:
    from shoulderseg.datasets.phantom.dataset import Writing
    from shoulderseg.workflows.phantom import write_phantom_examinations

    if work.jobs > 1:
        msg = "--jobs has no meaning with --examination; leave it out"
        raise ValueError(msg)
    writing = Writing(overwrite=work.overwrite, workers=work.workers)

    def tell(name: str, seconds: float | None) -> None:
        echo(f"{name}  {'there already' if seconds is None else f'{seconds:.1f} s'}")

    written = write_phantom_examinations(
        out, options, numbers, writing, files.file_format.value, tell
    )
    echo(f"{out}: {len(written)} examination{'s' * (len(written) != 1)}")


def _named(files: FileOptions) -> dict[str, Any]:
    return {"dataset_id": files.dataset_id, "name": files.name, "folds": files.folds}


def _refuse_set_options(chosen: dict[str, Any]) -> None:
    """Refuses what an examination has no use for.

    Raises:
        ValueError: if any of it was given.
    """
    given = [
        "--" + _FLAGS.get(key, key.replace("_", "-"))
        for key, value in chosen.items()
        if value is not None
    ]
    if given:
        msg = f"{', '.join(given)} ha{'s' if len(given) == 1 else 've'} no meaning with "
        raise ValueError(msg + "--examination; leave it out")


def _set_options(
    images: ImageOptions, variation: VariationOptions, files: FileOptions
) -> dict[str, Any]:
    """What was chosen for the set as a whole, beside its numbers of cases."""
    return {
        "random_contrast_share": variation.random_contrast_share,
        "raised_share": variation.raised_share,
        "coarse_share": variation.coarse_share,
        "partial_volumes_mm": _partial_volume_spacing(files),
        "sequences": _names(images.sequence),
        "planes": _names(images.plane),
    }


def _partial_volume_spacing(files: FileOptions) -> float | None:
    """Voxels of the partial volume maps in mm; None where none are asked for."""
    from shoulderseg.datasets.phantom.partial_volumes import SPACING_MM

    if files.partial_volumes:
        spacing_mm = files.partial_volume_spacing
        return SPACING_MM if spacing_mm is None else spacing_mm
    if files.partial_volume_spacing is not None:
        msg = "--partial-volume-spacing has no meaning without --partial-volumes; add that"
        raise ValueError(msg)
    return None


def _summary(report: SetReport) -> str:
    training = f"{report.training_cases} training case{'s' * (report.training_cases != 1)}"
    folds = f" in {report.folds} folds" if report.folds else ""
    test = f"{report.test_cases} test case{'s' * (report.test_cases != 1)}"
    return f"{report.folder}: {training}{folds}, {test}"


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
    echo(f"{case.name}  {case.sequence}  {case.plane}  {took}")
