"""`shoulderseg predict`: label maps for a file or a folder of images."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.cluster_options import SchedulerOption, WorkersOption
from shoulderseg.cli.failure import BROKEN_ENVIRONMENT, SOME_CASES_FAILED, reported
from shoulderseg.cli.input_options import (
    Examination,
    ExaminationOption,
    ImagesArgument,
    OnlyOption,
    ParticipantOption,
    PartOption,
    SourcesOption,
)
from shoulderseg.cli.log import is_quiet
from shoulderseg.cli.network_options import NetworkOptions
from shoulderseg.cli.options import (
    Device,
    DeviceOption,
    Side,
    known_side,
    split_list,
    split_lists,
)
from shoulderseg.cli.output_options import (
    BidsOption,
    FormatOption,
    MeasureOption,
    OverwriteOption,
    PageOption,
    PreviewOption,
    SideOption,
)
from shoulderseg.cli.report import print_page, with_page
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.cluster import Crew, Where
    from shoulderseg.workflows.segmentation.listener import Listener
    from shoulderseg.workflows.segmentation.run_plan import Run
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

_LOGGER = logging.getLogger(__name__)


def predict(
    context: typer.Context,
    images: ImagesArgument,
    out: Annotated[Path, typer.Argument(help="Folder for the label maps and the run report.")],
    network: NetworkOptions,
    *,
    participants: ParticipantOption = None,
    only: OnlyOption = None,
    part: PartOption = None,
    sources: SourcesOption = None,
    formats: FormatOption = None,
    bids: BidsOption = False,
    preview: PreviewOption = False,
    measure: MeasureOption = False,
    side: SideOption = Side.unknown,
    page: PageOption = False,
    examination: ExaminationOption = Examination.auto,
    overwrite: OverwriteOption = False,
    device: DeviceOption = Device.auto,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
) -> None:
    """Segment images; research use only.

    The same command goes on where it was stopped: what is done is kept, what failed is tried again.
    Cases that someone should look at are listed last, with the reasons; it is no error. The report
    of a run that was stopped says so and names the cases that were not reached.
    Exit code 0: all cases done; 1: some failed, the others are written; 2: wrong use; 3: the
    bundle, the device or the cluster cannot be used; 130: interrupted.
    """
    from shoulderseg.workflows.cohort.cluster import parse_where
    from shoulderseg.workflows.cohort.part import parse_part
    from shoulderseg.workflows.inputs.chosen import only_listed
    from shoulderseg.workflows.inputs.collect import collect_inputs
    from shoulderseg.workflows.inputs.sources_file import write_sources
    from shoulderseg.workflows.inputs.zip_archive import unpacked
    from shoulderseg.workflows.outputs.formats import parse_formats
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.run import execute_run, prepare_run

    with reported():
        known = known_side(side, asked=measure)
        chosen, where = parse_part(part), parse_where(scheduler, workers)
        if where is not None:
            # Workers have other working folders.
            images, out = images.absolute(), out.absolute()
        plan = OutputPlan(out, parse_formats(formats or []), bids)
        # What a zip file holds is kept until the command ends.
        folder = context.with_resource(unpacked(images))
        everything = collect_inputs(folder, images, out, split_lists(participants))
        inputs = only_listed(everything, only, examination.value)
        plan.check_possible(dicom=any(case.source_files for case in inputs.cases))
        if sources is not None:
            write_sources(sources, inputs.cases, folder, out)
    with reported(BROKEN_ENVIRONMENT):
        run = prepare_run(
            _segmenter(network, device, elsewhere=where is not None),
            inputs,
            images,
            plan,
            preview=preview,
            measure=measure,
            side=known,
            examination=examination.value,
            overwrite=overwrite,
            part=chosen,
        )
        run = replace(run, page=page)
    _warn(run)
    with reported():
        try:
            with _crew(where) as crew, _shown_progress(run) as listener:
                execute_run(run, with_page(run, listener) if page else listener, crew)
        finally:
            if run.report.begun:
                _print_summary(run, page=page)
    if run.report.failed:
        raise typer.Exit(SOME_CASES_FAILED)


@contextmanager
def _crew(where: Where | None) -> Iterator[Crew | None]:
    """The cluster, if one is to do it."""
    from shoulderseg.workflows.cohort.cluster import joined

    if where is None:
        yield None
        return
    with joined(where) as crew:
        yield crew


def _segmenter(network: NetworkOptions, device: Device, *, elsewhere: bool) -> Segmenter:
    from shoulderseg.workflows.segmentation.elsewhere import SegmenterElsewhere
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

    kind = SegmenterElsewhere if elsewhere else Segmenter
    return kind(
        network.model,
        device=device.value,
        folds=split_list(network.folds) or None,
        mirroring=network.mirroring,
        vote=network.vote.value,
        voters=network.voters.value,
        refine=network.refine,
        as_stored=network.as_stored,
        engine=network.engine.value,
        precision=network.precision.value,
        crop=network.crop,
        three_planes=network.three_planes,
        slice_context=network.slice_context,
    )


def _warn(run: Run) -> None:
    from shoulderseg.workflows.segmentation.run_description import calibration_doubt

    doubt = calibration_doubt(run.report.described)
    if doubt:
        _LOGGER.warning("%s", doubt)


@contextmanager
def _shown_progress(run: Run) -> Iterator[Listener]:
    """Shows the case at work and how far it is, and a line for each that is done."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    from shoulderseg.datasets.printable import one_line
    from shoulderseg.workflows.segmentation.cases_table import case_line
    from shoulderseg.workflows.segmentation.listener import Listener

    refused = sum(item.refused for item in run.inputs.skipped)
    console = Console(stderr=True)
    with Progress(console=console, disable=is_quiet()) as progress:
        task = progress.add_task("cases", total=len(run.inputs.cases))
        begun = done = 0

        def start(name: str) -> None:
            nonlocal begun
            begun += 1
            progress.update(
                task, description=escape(f"{one_line(name)} on {run.segmenter.settings.device}")
            )

        def advance(share: float) -> None:
            # Series of an examination are written when all of them are segmented.
            progress.update(task, completed=begun - 1 + share)

        def tell(record: Mapping[str, Any]) -> None:
            nonlocal begun, done, refused
            if "error" in record:
                console.print(one_line(f"failed: {record['error']}"), markup=False, soft_wrap=True)
            if "quality" in record:
                echo(case_line(record, run.segmenter.label_values))
            if refused:
                # Images that are no case come first, and the bar does not count them.
                refused -= 1
                return
            done += 1
            # What is kept was never begun.
            begun = max(begun, done)
            progress.update(task, completed=max(begun, done))

        yield Listener(start, advance, tell)


def _print_summary(run: Run, *, page: bool) -> None:
    from shoulderseg.workflows.segmentation.flags import skipped_lines

    lines = skipped_lines(run.inputs.skipped)
    for line in run.report.summary(lines, calibrated=run.segmenter.bundle.quality is not None):
        echo(line)
    if page:
        print_page(run.plan.out)
