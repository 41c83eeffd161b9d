"""`shoulderseg predict`: label maps for a file or a folder of images."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
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
from shoulderseg.cli.flags import flag_lines
from shoulderseg.cli.formats import BidsOption, FormatOption, parse_formats
from shoulderseg.cli.options import Device, DeviceOption, split_list

if TYPE_CHECKING:
    from shoulderseg.cli.bundles import Bundle
    from shoulderseg.cli.output_plan import Case, OutputPlan
    from shoulderseg.cli.pipeline import Segmentation, Settings
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
        typer.Option(help="Average over mirror images, four times the work; default: GPU only."),
    ] = None,
    as_stored: Annotated[
        bool,
        typer.Option(
            "--as-stored",
            help="Do not turn volumes upright first; for files whose directions are wrong.",
        ),
    ] = False,
    formats: FormatOption = None,
    bids: BidsOption = False,
    device: DeviceOption = Device.auto,
) -> None:
    """Segment images; research use only.

    Cases that someone should look at are listed last, with the reasons; it is no error.
    Exit code 0: all cases done; 1: some failed, the others are written; 2: wrong use; 3: the
    bundle or the device cannot be used.
    """
    with reported():
        from shoulderseg.cli.output_plan import OutputPlan

        plan = OutputPlan(out, parse_formats(formats or []), bids)
        cases = _collect(images, out)
    with reported(BROKEN_ENVIRONMENT):
        from shoulderseg.cli.bundles import read_bundle
        from shoulderseg.cli.pipeline import Settings, prepare
        from shoulderseg.nnunet_ext.regions import foreground_labels

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
            as_stored=as_stored,
        )
        segment = prepare(bundle, settings)
        if refine and bundle.refiner is None:
            _LOGGER.warning("the bundle has no edge refiner; the vote is the result")
        labels = foreground_labels(bundle.unets.dataset_json)
    with reported():
        plan.start()
    records: list[dict[str, Any]] = []
    report = out / REPORT_FILE
    with reported():
        try:
            _run_all(cases, plan, segment, labels, records)
        finally:
            # Also after an interruption: what is done is done.
            _write_report(report, _report(bundle, settings, records))
    failed = [record for record in records if "error" in record]
    typer.echo(f"{len(records) - len(failed)} of {len(records)} cases written to {out}")
    typer.echo(f"run report: {report}")
    for line in flag_lines(records, calibrated=bundle.quality is not None):
        typer.echo(line)
    if failed:
        raise typer.Exit(SOME_CASES_FAILED)


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
    plan: OutputPlan,
    segment: Callable[[Volume], Segmentation],
    labels: Mapping[str, int],
    records: list[dict[str, Any]],
) -> None:
    """Segments case by case and adds a record of each."""
    from rich.console import Console
    from rich.progress import Progress

    from shoulderseg.cli.output_plan import Case, source_files
    from shoulderseg.datasets.files import case_name

    written: set[str] = set()
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("cases", total=len(cases))
        for path in cases:
            case = Case(case_name(path))
            try:
                case = Case(case.name, source_files(path))
                stem = plan.stem(case)
                if stem in written:
                    msg = f"{path.name}: another input is also called {stem}; rename one"
                    raise ValueError(msg)
                record = _run_case(path, case, plan, segment, labels)
                written.add(stem)
            except Exception as error:
                # Whatever goes wrong in one case, the others go on.
                _LOGGER.debug("traceback", exc_info=True)
                record = _failure(path, case, error, plan.left_over(case, written))
                progress.console.print(f"failed: {record['error']}", markup=False, soft_wrap=True)
            records.append(record)
            progress.advance(task)


def _failure(path: Path, case: Case, error: Exception, stale: list[str]) -> dict[str, Any]:
    known = isinstance(error, ValueError | OSError | MemoryError) and str(error)
    reason = str(error) if known else f"{type(error).__name__}: {error}"
    named = reason if reason.startswith(path.name) else f"{path.name}: {reason}"
    if stale:
        named += f" ({', '.join(stale)} {'is' if len(stale) == 1 else 'are'} of an earlier run)"
    return {"case": case.name, "error": named}


def _write_report(path: Path, report: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(report, indent=2) + "\n")
    part.replace(path)


def _run_case(
    path: Path,
    case: Case,
    plan: OutputPlan,
    segment: Callable[[Volume], Segmentation],
    labels: Mapping[str, int],
) -> dict[str, Any]:
    from shoulderseg.cli.outputs import write_outputs
    from shoulderseg.datasets.reader import read_image

    plan.formats_of(case)  # Refuses what cannot be written before the work is done.
    started = time.perf_counter()
    volume = read_image(path)
    read = time.perf_counter()
    result = segment(volume)
    segmented = time.perf_counter()
    outputs = write_outputs(plan, case, result.label_map, volume, labels)
    ended = time.perf_counter()
    return {
        "case": case.name,
        **outputs,
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


def _report(bundle: Bundle, settings: Settings, records: list[dict[str, Any]]) -> dict[str, Any]:
    from shoulderseg.cli.bundles import NOTICE
    from shoulderseg.cli.pipeline import is_refining
    from shoulderseg.nnunet_ext.regions import foreground_labels

    packages = ("shoulderseg", "nnunetv2", "torch", "SimpleITK", "numpy")
    return {
        "notice": NOTICE,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in packages},
        "device": settings.device,
        "model_sha256": bundle.digest,
        "labels": foreground_labels(bundle.unets.dataset_json),
        "folds": settings.folds or list(next(iter(bundle.unets.weights.values()))),
        "vote": settings.vote,
        "voters": "all" if settings.all_voters else "unets",
        "mirroring": settings.mirroring and bundle.unets.mirroring_axes is not None,
        "refined": is_refining(bundle, settings),
        "quality_calibrated_with": dict(bundle.quality_settings),
        "cases": records,
    }
