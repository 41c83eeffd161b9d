"""`shoulderseg report`: a page to look at the cases of a run and judge them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.failure import reported, warn
from shoulderseg.cli.log import is_quiet
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.workflows.report.build import Page
    from shoulderseg.workflows.segmentation.listener import Listener
    from shoulderseg.workflows.segmentation.run_plan import Run


def report(
    out: Annotated[Path, typer.Argument(help="Folder that `shoulderseg predict` wrote to.")],
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="IN",
            help="What `predict` was given, to show images of cases that `predict --report` has "
            "not pictured. Without it these show their bones alone.",
        ),
    ] = None,
    single_file: Annotated[
        bool,
        typer.Option(
            "--single-file",
            help="Put everything into OUT/report/report.html, to be passed on; up to 100 cases.",
        ),
    ] = False,
    viewer: Annotated[
        bool,
        typer.Option(
            "--viewer",
            help="Also show cases as whole volumes, in three planes and in space (NiiVue); takes "
            "--images, some MB a case, and a browser with WebGL 2.",
        ),
    ] = False,
) -> None:
    """Build OUT/report/index.html: pictures, numbers, flags and verdicts of all cases.

    The page is opened from the disk and needs no network. `predict` may still be at work in the
    folder: the page then shows what is done, and can be built again.
    """
    from shoulderseg.workflows.report.build import build_report

    with reported(), _progress() as on_case:
        page = build_report(out, images, single_file=single_file, viewer=viewer, on_case=on_case)
    for line in page_lines(page):
        echo(line)
    for why in page.without_volume:
        warn(f"not in the viewer: {why}")


def page_lines(page: Page) -> list[str]:
    """What the terminal says of a page that was built."""
    lines = [f"report page of {page.cases} cases: {page.path}"]
    if page.failed or page.not_reached:
        lines.append(f"{page.failed} cases failed, {page.not_reached} are not reached")
    if page.without_image:
        lines.append(f"{page.without_image} cases are shown without their image; see --images")
    return lines


def with_page(run: Run, listener: Listener) -> Listener:
    """Lets each case of a run of `predict` give the page its part as it is done."""
    from dataclasses import replace

    from shoulderseg.workflows.report.pictures import picture_result

    out, labels = run.plan.out, run.segmenter.label_values
    return replace(
        listener, on_result=lambda result, record: picture_result(out, result, record, labels)
    )


def print_page(out: Path) -> None:
    """Builds the page at the end of a run of `predict`; the label maps are there in any case."""
    from shoulderseg.workflows.report.build import build_report

    try:
        with _progress() as on_case:
            lines = page_lines(build_report(out, on_case=on_case))
    except (ValueError, OSError) as error:
        warn(f"no report page: {error}")
    else:
        for line in lines:
            echo(line)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Shows a bar for the cases that are pictured now."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=is_quiet()) as progress:
        task = progress.add_task("pictures", total=None, visible=False)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=True)

        yield advance
