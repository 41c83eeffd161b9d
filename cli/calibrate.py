"""`shoulderseg calibrate`: teaches a bundle how good its own segmentations are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import BROKEN_ENVIRONMENT, SOME_CASES_FAILED, complain, reported, warn
from shoulderseg.cli.log import is_quiet
from shoulderseg.cli.options import Device, DeviceOption, split_list
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.workflows.calibration.order import CalibrationOrder

VerdictsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="qc.csv of the report page: cases judged fail or artefact are left out.",
    ),
]

NegativesOption = Annotated[
    Path | None, typer.Option(help="Images of anything else; all should be flagged.")
]
PatternOption = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Its one group is the patient in an image's name: patients are left out whole.",
        show_default="case_patients.json of a converted dataset, or each image its own",
    ),
]


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="Bundle made by `shoulderseg export`.")],
    images: Annotated[Path, typer.Argument(help="Images that the bundle was not trained on.")],
    labels: Annotated[Path, typer.Argument(help="Their label maps, with the same names.")],
    negatives: NegativesOption = None,
    verdicts: VerdictsOption = None,
    copies: Annotated[
        int, typer.Option(min=0, help="Degraded copies of each image, for the lower Dice.")
    ] = 2,
    flag_below: Annotated[
        str,
        typer.Option(
            metavar="NUMBER[,NUMBER]",
            help="Predicted Dice under which a bone is flagged; 0.9,0.8: one for each bone.",
        ),
    ] = "0.85",
    mirroring: Annotated[bool, typer.Option(help="As for `predict`.")] = True,
    patient_pattern: PatternOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Source of all randomness.")] = 1,
    device: DeviceOption = Device.auto,
) -> None:
    """Fit predicted Dice and what is usual, measure what int8 needs, and keep all in the bundle.

    Some of the images tell which values the U-Nets' activations take, for CPUs that can compute in
    eight bits. Then each image and its degraded copies are segmented as `predict` does by default
    and compared with the label map. The printed figures are of patients left out from the fit. A
    second call replaces the first one's result. Exit code 1: some images could not be used.
    """
    from shoulderseg.workflows.calibration.calibrate import calibrate_bundle
    from shoulderseg.workflows.calibration.int8 import describe_int8
    from shoulderseg.workflows.calibration.model import load_model
    from shoulderseg.workflows.calibration.order import CalibrationOrder

    with reported():
        limits = _limits(flag_below)
        given = (images, labels, negatives, copies, limits, seed, verdicts, patient_pattern)
        order = CalibrationOrder(*given)
        _check(order)
    with reported(BROKEN_ENVIRONMENT):
        model = load_model(bundle, device.resolve(), images, mirroring=mirroring)
    echo(describe_int8(model.int8))
    with reported(), images_progress() as on_image:
        tell = _teller(limits, list(model.labels))
        report = calibrate_bundle(model, order, on_image, tell)
    echo(f"written to {report.path}")
    for line in report.left_out:
        complain(f"left out: {line}")
    if report.left_out:
        raise typer.Exit(SOME_CASES_FAILED)


def _teller(
    limits: float | tuple[float, float], bones: list[str]
) -> Callable[[Mapping[str, Any]], None]:
    """Prints what a calibration is worth."""
    from shoulderseg.workflows.calibration.evidence import describe_evidence

    def tell(found: Mapping[str, Any]) -> None:
        for line in describe_evidence(dict(found), limits, bones):
            echo(line)

    return tell


def _check(order: CalibrationOrder) -> None:
    from shoulderseg.workflows.calibration.order import check_order
    from shoulderseg.workflows.calibration.verdicts import describe_unknown, unknown_bad_cases

    check_order(order)
    doubt = describe_unknown(unknown_bad_cases(order.verdicts, order.images, order.labels))
    if doubt:
        warn(doubt)


def _limits(text: str) -> float | tuple[float, float]:
    """One number from 0 to 1, or two.

    Raises:
        ValueError: if it is something else.
    """
    try:
        numbers = [float(part) for part in split_list(text)]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(0 <= number <= 1 for number in numbers):
        msg = f"--flag-below is {text!r}; expected one number from 0 to 1, or two, as in 0.9,0.8"
        raise ValueError(msg)
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


@contextmanager
def images_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Shows a bar for each kind of work: images, negatives, steps."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    tasks: dict[str, TaskID] = {}
    with Progress(console=Console(stderr=True), disable=is_quiet()) as progress:

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            progress.update(tasks[what], completed=done, total=total)

        yield advance
