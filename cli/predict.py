"""`shoulderseg predict`: label maps for a file or a folder of images."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import (
    BROKEN_ENVIRONMENT,
    SOME_CASES_FAILED,
    WRONG_USE,
    complain,
    reported,
)
from shoulderseg.cli.options import Device, DeviceOption, split_list
from shoulderseg.cli.output_options import BidsOption, FormatOption
from shoulderseg.workflows.bundles.store import DEFAULT, find_bundle
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.inputs.zip_archive import unpacked
from shoulderseg.workflows.outputs.formats import parse_formats
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.flags import skipped_lines
from shoulderseg.workflows.segmentation.run_report import RunReport, calibration_doubt, describe_run

if TYPE_CHECKING:
    from rich.console import Console

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.inputs.discover import CaseInput, Inputs
    from shoulderseg.workflows.inputs.skipped import SkippedInput
    from shoulderseg.workflows.outputs.plan import Case, OutputPlan
    from shoulderseg.workflows.segmentation.segment import Segmentation

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
    context: typer.Context,
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="An image, a folder of images, a DICOM folder tree, or a zip of one."
        ),
    ],
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
        bool,
        typer.Option(
            help="Average over mirror images, so that left and right shoulders are segmented "
            "alike; --no-mirroring halves the U-Nets' work."
        ),
    ] = True,
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

    Cases that someone should look at are listed last, with the reasons; it is no error. The report
    of a run that was stopped says so and names the cases that were not reached.
    Exit code 0: all cases done; 1: some failed, the others are written; 2: wrong use; 3: the
    bundle or the device cannot be used.
    """
    with reported():
        from shoulderseg.workflows.outputs.plan import OutputPlan

        plan = OutputPlan(out, parse_formats(formats or []), bids)
        # What a zip file holds is kept until the command ends.
        inputs = _collect(context.with_resource(unpacked(images)), images, out)
    with reported(BROKEN_ENVIRONMENT):
        from shoulderseg.nnunet_ext.regions import foreground_labels
        from shoulderseg.workflows.bundles.bundle import read_bundle
        from shoulderseg.workflows.segmentation.segment import Settings, prepare

        folder = find_bundle(model)
        where = device.resolve()
        bundle = read_bundle(folder)
        settings = Settings(
            device=where,
            folds=split_list(folds) or None,
            mirroring=mirroring,
            vote=vote.value,
            refine=refine,
            all_voters=voters is Voters.all,
            as_stored=as_stored,
        )
        segment = prepare(bundle, settings)
        if refine and bundle.refiner is None:
            _LOGGER.warning("the bundle has no edge refiner; the vote is the result")
        labels = foreground_labels(bundle.unets.dataset_json)
    refused = [item for item in inputs.skipped if item.refused]
    skipped = [item for item in inputs.skipped if not item.refused]
    described = describe_run(bundle, settings) | {
        "skipped": [{"name": item.name, "reason": item.reason} for item in skipped]
    }
    doubt = calibration_doubt(described)
    if doubt:
        _LOGGER.warning("%s", doubt)
    names = [item.name for item in refused] + [case.name for case in inputs.cases]
    report = RunReport(out / REPORT_FILE, described, names)
    plan = replace(plan, source=inputs.public_folder(images), model=bundle.digest)
    with reported():
        plan.start()
        # From now on the report of an earlier run no longer holds.
        report.write()
        try:
            for item in refused:
                report.add(_refusal(item))
            _run_all(inputs.cases, plan, segment, labels, report)
        finally:
            # Also after an interruption: what is done is done.
            report.write()
            lines = skipped_lines(inputs.skipped)
            for line in report.summary(lines, calibrated=bundle.quality is not None):
                typer.echo(line)
    if report.failed:
        raise typer.Exit(SOME_CASES_FAILED)


def _collect(folder: Path, images: Path, out: Path) -> Inputs:
    """The input cases; ends the program where there is nothing to do.

    Args:
        folder: what is searched.
        images: what the user named, a zip file perhaps.
        out: folder for the results.
    """
    inputs = find_inputs(folder)
    if not inputs.cases and not any(item.refused for item in inputs.skipped):
        others = [f"{item.name} ({item.reason})" for item in inputs.skipped] + [*inputs.ignored]
        shown = ", ".join(others[:5]) + (" ..." if len(others) > 5 else "")
        complain(f"no images found in {images}" + (f"; ignored: {shown}" if others else ""))
        raise typer.Exit(WRONG_USE)
    if images.is_dir() and out.resolve().is_relative_to(images.resolve()):
        msg = f"{out} lies in the folder of the input; choose another folder for the output"
        raise ValueError(msg)
    if out.resolve() == images.parent.resolve():
        msg = f"{out} holds the input; choose another folder for the output"
        raise ValueError(msg)
    if out.exists() and not out.is_dir():
        msg = f"{out} is a file; expected a folder for the output"
        raise ValueError(msg)
    return inputs


def _run_all(
    cases: Sequence[CaseInput],
    plan: OutputPlan,
    segment: Callable[[Volume], Segmentation],
    labels: Mapping[str, int],
    report: RunReport,
) -> None:
    """Segments case by case and adds a record of each."""
    from rich.console import Console
    from rich.progress import Progress

    from shoulderseg.workflows.outputs.plan import Case

    every = [Case(source.name, source.source_files, source.public_file) for source in cases]
    # Known before the first case is written, so that none replaces another's files.
    owners = plan.owners(every, labels)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("cases", total=len(cases))
        for source, case in zip(cases, every, strict=True):
            others = {path: owner for path, owner in owners.items() if owner != case.name}
            try:
                _refuse_clash(plan, case, others, labels)
                record = _run_case(source, case, plan, segment, labels, others)
                if "error" in record:
                    _tell(progress.console, record)
            except Exception as error:
                # Whatever goes wrong in one case, the others go on.
                _LOGGER.debug("traceback", exc_info=True)
                record = _failure(source, error, plan.left_over(case, others))
                _tell(progress.console, record)
            report.add(record)
            progress.advance(task)


def _refuse_clash(
    plan: OutputPlan, case: Case, others: Mapping[str, str], labels: Mapping[str, int]
) -> None:
    for path in map(plan.below, plan.paths(case, labels)):
        if path in others:
            msg = f"{others[path]} is also written to {path}; rename one of the inputs"
            raise ValueError(msg)


def _tell(console: Console, record: Mapping[str, Any]) -> None:
    console.print(f"failed: {record['error']}", markup=False, soft_wrap=True)


def _refusal(item: SkippedInput) -> dict[str, Any]:
    """Tells of an image that became no case, and gives its record."""
    error = f"{item.name}: {item.reason}"
    typer.echo(f"failed: {error}", err=True)
    return {"case": item.name, "error": error}


def _failure(source: CaseInput, error: Exception, stale: list[str]) -> dict[str, Any]:
    reason = reason_of(error)
    named = reason if reason.startswith(source.shown) else f"{source.shown}: {reason}"
    if stale:
        named += f" ({', '.join(stale)} {'is' if len(stale) == 1 else 'are'} of an earlier run)"
    return {"case": source.name, "error": named}


def _run_case(
    source: CaseInput,
    case: Case,
    plan: OutputPlan,
    segment: Callable[[Volume], Segmentation],
    labels: Mapping[str, int],
    others: Collection[str],
) -> dict[str, Any]:
    from shoulderseg.workflows.outputs.write import write_outputs

    about = {key: value for key, value in source.about.items() if key != "description"}
    started = time.perf_counter()
    volume = source.load()
    read = time.perf_counter()
    result = segment(volume)
    segmented = time.perf_counter()
    outputs = write_outputs(plan, case, result.label_map, volume, labels, others)
    ended = time.perf_counter()
    return {
        "case": case.name,
        **outputs,
        "shape": list(volume.array.shape),
        "spacing_mm": [round(length, 6) for length in volume.spacing_mm],
        "empty": not result.label_map.any(),
        # Free text of a scanner may tell more than it should; `inspect` shows it, reports do not.
        **({"source": about} if about else {}),
        **result.measures,
        "seconds": {
            "read": round(read - started, 4),
            **result.seconds,
            "write": round(ended - segmented, 4),
            "total": round(ended - started, 4),
        },
    }
