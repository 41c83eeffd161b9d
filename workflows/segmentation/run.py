"""Segments all cases of an input into a folder: what `shoulderseg predict` does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.outputs.plan import REPORT_FILE, Case
from shoulderseg.workflows.segmentation.earlier_runs import INPUT, claimed, input_digest
from shoulderseg.workflows.segmentation.many import failure_of
from shoulderseg.workflows.segmentation.run_report import RunReport, describe_run

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.inputs.discover import Inputs
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

PREVIEWS = "previews"

_LOGGER = logging.getLogger(__name__)


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Listener:
    """Who is told how a run goes.

    Attributes:
        on_start: is called with the name of each case before it is read.
        on_progress: with the share of the case's networks that has run, 0 to 1.
        on_record: with the record of each case as it stands in the run report.
    """

    on_start: Callable[[str], None] = _ignore
    on_progress: Callable[[float], None] = _ignore
    on_record: Callable[[Mapping[str, Any]], None] = _ignore


@dataclass(frozen=True)
class Run:
    """Everything that a run needs.

    Attributes:
        segmenter: the loaded models.
        inputs: the cases, and what becomes none.
        plan: where results go, and as what.
        report: its file.
        preview: whether a picture of each case is drawn.
    """

    segmenter: Segmenter
    inputs: Inputs
    plan: OutputPlan
    report: RunReport
    preview: bool = False


def collect_inputs(
    folder: Path, images: Path, out: Path, participants: Sequence[str] = ()
) -> Inputs:
    """Finds the input cases, and checks that results can go where they shall.

    Args:
        folder: what is searched.
        images: what the user named, a zip file perhaps.
        out: folder for the results.
        participants: labels of the subjects of a BIDS dataset to take; empty for all.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if nothing is found, participants are not there, or the output would lie among
            the input.
    """
    inputs = find_inputs(folder, participants, from_archive=folder != images)
    inputs.require_images(images)
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


def prepare_run(
    segmenter: Segmenter, inputs: Inputs, images: Path, plan: OutputPlan, *, preview: bool = False
) -> Run:
    """Puts together what a run needs; nothing is written yet.

    Args:
        segmenter: the loaded models.
        inputs: of `collect_inputs`.
        images: what the user named.
        plan: where to, and in which formats.
        preview: whether a picture of each case is drawn.
    """
    described = describe_run(segmenter.bundle, segmenter.settings) | {
        INPUT: input_digest(images),
        "skipped": [
            {"name": item.name, "reason": item.reason}
            for item in inputs.skipped
            if not item.refused
        ],
    }
    refused = [item.name for item in inputs.skipped if item.refused]
    names = refused + [case.name for case in inputs.cases]
    report = RunReport(plan.out / REPORT_FILE, described, names)
    placed = replace(plan, source=inputs.public_folder(images), model=segmenter.bundle.digest)
    return Run(segmenter, inputs, placed, report, preview)


def execute_run(run: Run, listener: Listener | None = None) -> None:
    """Segments case by case and adds a record of each; a failed one keeps no other from its turn.

    The report is written after each case, and also where the run is interrupted. Records of earlier
    runs into the folder stay in it, but for the cases of this run.

    Args:
        run: of `prepare_run`.
        listener: is told how it goes.

    Raises:
        ValueError: if another run is at work in the folder.
        OSError: if the folder or the report cannot be written.
    """
    from shoulderseg.datasets.output_file import sweep_unfinished

    listener = listener or Listener()
    run.plan.start()
    with claimed(run.plan.out):
        sweep_unfinished(run.plan.out)
        _execute(run, listener)


def _execute(run: Run, listener: Listener) -> None:
    # From now on an earlier report no longer holds for the cases of this run.
    run.report.begin()
    try:
        for item in run.inputs.skipped:
            if item.refused:
                record = {"case": item.name, "error": f"{item.name}: {item.reason}"}
                run.report.add(record)
                listener.on_record(record)
        _segment_cases(run, listener)
    finally:
        # Also after an interruption: what is done is done.
        run.report.write()


def _segment_cases(run: Run, listener: Listener) -> None:
    labels = run.segmenter.label_values
    cases = [
        Case(case.name, case.source_files, case.public_file, case.source_frames)
        for case in run.inputs.cases
    ]
    # Known before the first case is written, so that none replaces another's files.
    owners = run.plan.owners(cases, labels)
    for source, case in zip(run.inputs.cases, cases, strict=True):
        others = {path: owner for path, owner in owners.items() if owner != case.name}
        listener.on_start(case.name)
        try:
            _refuse_clash(run.plan, case, others, labels)
            run.plan.check_folders(case, [PREVIEWS] * run.preview)
            record = _run_case(run, source, case, others, listener)
        except Exception as error:
            # Whatever goes wrong in one case, the others go on.
            _LOGGER.debug("traceback", exc_info=True)
            record = _failure(source, error, run.plan.left_over(case, others))
        run.report.add(record)
        listener.on_record(record)


def _refuse_clash(
    plan: OutputPlan, case: Case, others: Mapping[str, str], labels: Mapping[str, int]
) -> None:
    for path in map(plan.below, plan.paths(case, labels)):
        if path in others:
            msg = f"{others[path]} is also written to {path}; rename one of the inputs"
            raise ValueError(msg)


def _failure(source: CaseInput, error: Exception, stale: Sequence[str]) -> dict[str, Any]:
    named = failure_of(source, error)
    if stale:
        named += f" ({', '.join(stale)} {'is' if len(stale) == 1 else 'are'} of an earlier run)"
    return {"case": source.name, "error": named}


def _run_case(
    run: Run, source: CaseInput, case: Case, others: Collection[str], listener: Listener
) -> dict[str, Any]:
    started = time.perf_counter()
    result = run.segmenter.segment_case(source, listener.on_progress)
    segmented = time.perf_counter()
    outputs = result.write(run.plan, others, case.file)
    if run.preview:
        outputs |= _preview(run.plan, case, result)
    ended = time.perf_counter()
    about = {key: value for key, value in source.about.items() if key != "description"}
    volume, segmentation = result.segmented()
    return {
        "case": case.name,
        **outputs,
        "shape": list(volume.array.shape),
        "spacing_mm": [round(length, 6) for length in volume.spacing_mm],
        "empty": not segmentation.label_map.any(),
        "volumes_ml": {name: round(volume, 3) for name, volume in result.volumes_ml.items()},
        # Free text of a scanner may tell more than it should; `inspect` shows it, reports do not.
        **({"source": about} if about else {}),
        **segmentation.measures,
        "seconds": {
            **result.seconds,
            "write": round(ended - segmented, 4),
            "total": round(ended - started, 4),
        },
    }


def _preview(plan: OutputPlan, case: Case, result: Result) -> dict[str, Any]:
    """Draws a case; a picture that cannot be drawn is missed, and fails no case."""
    from shoulderseg.datasets.output_file import make_folder
    from shoulderseg.workflows.outputs.preview import write_preview

    path = plan.out / PREVIEWS / f"{case.name}.png"
    try:
        make_folder(path.parent, plan.out)
        write_preview(path, result)
    except Exception:
        _LOGGER.warning("%s: its preview cannot be drawn", case.name, exc_info=True)
        return {}
    return {"preview": plan.below(path)}
