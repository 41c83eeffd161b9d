"""`shoulderseg predict`: label maps for a file or a folder of images."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.bundle_store import DEFAULT, find_bundle
from shoulderseg.cli.failure import (
    BROKEN_ENVIRONMENT,
    SOME_CASES_FAILED,
    WRONG_USE,
    complain,
    reported,
)
from shoulderseg.cli.options import Device, DeviceOption, split_list
from shoulderseg.cli.run_report import RunReport, describe_run

if TYPE_CHECKING:
    from shoulderseg.cli.pipeline import Segmentation
    from shoulderseg.datasets.volume import Volume

REPORT_FILE = "shoulderseg_report.json"

_LOGGER = logging.getLogger(__name__)


class Vote(StrEnum):
    """How the voters of a bone are fused."""

    majority = "majority"
    mean = "mean"
    staple = "staple"


class Voters(StrEnum):
    """Who votes."""

    unets = "unets"
    all = "all"


def predict(
    images: Annotated[Path, typer.Argument(metavar="IN", help="An image, or a folder of images.")],
    out: Annotated[Path, typer.Argument(help="Folder for the label maps and the run report.")],
    model: Annotated[
        str,
        typer.Option(help="A bundle: a folder made by `export`, or a name that `models` lists."),
    ] = DEFAULT,
    folds: Annotated[str, typer.Option(help="Folds of the U-Nets; default: all.")] = "",
    vote: Annotated[Vote, typer.Option(help="How the voters are fused.")] = Vote.majority,
    voters: Annotated[
        Voters, typer.Option(help="The three U-Nets, or all: with the AlexNet as the fourth.")
    ] = Voters.unets,
    refine: Annotated[
        bool | None,
        typer.Option(
            help="Let the AlexNet decide the bones' edges; default: where the bundle's "
            "cross-validation showed that it helps."
        ),
    ] = None,
    mirroring: Annotated[
        bool | None,
        typer.Option(
            help="Average over mirror images: twice the work for each axis that the bundle mirrors "
            "along; default: GPU only."
        ),
    ] = None,
    device: DeviceOption = Device.auto,
) -> None:
    """Segment images; research use only.

    Cases that someone should look at are listed last, with the reasons; it is no error. The report
    of a run that was stopped says so and names the cases that were not reached.
    Exit code 0: all cases done; 1: some failed, the others are written; 2: wrong use; 3: the
    bundle or the device cannot be used.
    """
    with reported():
        cases = _collect(images, out)
    with reported(BROKEN_ENVIRONMENT):
        from shoulderseg.cli.bundles import read_bundle
        from shoulderseg.cli.pipeline import Settings, prepare

        folder = find_bundle(model)
        where = device.resolve()
        bundle = read_bundle(folder)
        settings = Settings(
            device=where,
            folds=split_list(folds) or None,
            mirroring=where != "cpu" if mirroring is None else mirroring,
            vote=vote.value,
            refine=refine,
            all_voters=voters is Voters.all,
        )
        segment = prepare(bundle, settings)
        if refine and bundle.refiner is None:
            _LOGGER.warning("the bundle has no edge refiner; the vote is the result")
    report = RunReport(out / REPORT_FILE, describe_run(bundle, settings), _names(cases))
    with reported():
        out.mkdir(parents=True, exist_ok=True)
        # From now on the report of an earlier run no longer holds.
        report.write()
        try:
            _run_all(cases, out, segment, report)
        finally:
            # Also after an interruption: what is done is done.
            report.write()
            for line in report.summary(calibrated=bundle.quality is not None):
                typer.echo(line)
    if report.failed:
        raise typer.Exit(SOME_CASES_FAILED)


def _names(cases: list[Path]) -> list[str]:
    from shoulderseg.datasets.files import case_name

    return [case_name(path) for path in cases]


def _collect(images: Path, out: Path) -> list[Path]:
    """The input files; ends the program where there are none."""
    from shoulderseg.datasets.files import find_volumes, ignored_files

    cases = find_volumes(images)
    if not cases:
        ignored = ignored_files(images)
        shown = ", ".join(ignored[:5]) + (" ..." if len(ignored) > 5 else "")
        complain(f"no images found in {images}" + (f"; ignored: {shown}" if ignored else ""))
        raise typer.Exit(WRONG_USE)
    folder = images if images.is_dir() else images.parent
    if out.resolve() == folder.resolve():
        msg = f"{out} holds the input; choose another folder for the output"
        raise ValueError(msg)
    if out.exists() and not out.is_dir():
        msg = f"{out} is a file; expected a folder for the output"
        raise ValueError(msg)
    return cases


def _run_all(
    cases: list[Path],
    out: Path,
    segment: Callable[[Volume], Segmentation],
    report: RunReport,
) -> None:
    """Segments case by case and adds a record of each."""
    from rich.console import Console
    from rich.progress import Progress

    from shoulderseg.datasets.files import case_name

    written: set[str] = set()
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("cases", total=len(cases))
        for path in cases:
            name = case_name(path)
            target = out / f"{name}.nii.gz"
            try:
                if name in written:
                    msg = f"{path.name}: another input is also called {name}; rename one"
                    raise ValueError(msg)
                record = _run_case(path, target, segment)
                written.add(name)
            except Exception as error:
                # Whatever goes wrong in one case, the others go on.
                _LOGGER.debug("traceback", exc_info=True)
                stale = name not in written and target.exists()
                record = _failure(path, target, error, stale=stale)
                progress.console.print(f"failed: {record['error']}", markup=False, soft_wrap=True)
            report.add(record)
            progress.advance(task)


def _failure(path: Path, target: Path, error: Exception, *, stale: bool) -> dict[str, Any]:
    known = isinstance(error, ValueError | OSError | MemoryError) and str(error)
    reason = str(error) if known else f"{type(error).__name__}: {error}"
    named = reason if reason.startswith(path.name) else f"{path.name}: {reason}"
    if stale:
        named += f" ({target.name} is of an earlier run)"
    return {"case": target.name.removesuffix(".nii.gz"), "error": named}


def _run_case(
    path: Path, target: Path, segment: Callable[[Volume], Segmentation]
) -> dict[str, Any]:
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.datasets.writer import write_label_map

    started = time.perf_counter()
    volume = read_image(path)
    read = time.perf_counter()
    result = segment(volume)
    segmented = time.perf_counter()
    write_label_map(target, result.label_map, volume)
    ended = time.perf_counter()
    return {
        "case": target.name.removesuffix(".nii.gz"),
        "output": target.name,
        "shape": list(volume.array.shape),
        "spacing_mm": [round(length, 6) for length in volume.spacing_mm],
        "empty": not result.label_map.any(),
        **result.measures,
        "seconds": {
            "read": round(read - started, 4),
            **result.seconds,
            "write": round(ended - segmented, 4),
            "total": round(ended - started, 4),
        },
    }
