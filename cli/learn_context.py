"""`shoulderseg learn-context`: teaches a bundle to correct slices by their neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.calibrate import PatternOption, VerdictsOption, images_progress
from shoulderseg.cli.failure import SOME_CASES_FAILED, complain, reported
from shoulderseg.cli.options import Device, DeviceOption
from shoulderseg.cli.terminal import echo


def learn_context(
    bundle: Annotated[Path, typer.Argument(help="Bundle made by `shoulderseg export`.")],
    images: Annotated[Path, typer.Argument(help="Images that the bundle was not trained on.")],
    labels: Annotated[Path, typer.Argument(help="Their label maps, with the same names.")],
    steps: Annotated[int, typer.Option(min=1, help="Of the training.")] = 4000,
    most_share: Annotated[
        float,
        typer.Option(
            min=0.25, max=1, help="Of the corrections; less is safer on images of another kind."
        ),
    ] = 1.0,
    mirroring: Annotated[bool, typer.Option(help="As for `predict`.")] = True,
    verdicts: VerdictsOption = None,
    patient_pattern: PatternOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Source of all randomness.")] = 1,
    device: DeviceOption = Device.auto,
) -> None:
    """Learn to correct what the U-Nets say of a slice by what they say of its neighbours.

    The images are segmented, and a small network learns on three quarters of the patients how
    bones go on from slice to slice. The others judge: if it helps them it is kept in the bundle,
    and `predict` uses it from then on. Run `calibrate` afterwards. Exit code 1: some images could
    not be used.
    """
    from shoulderseg.workflows.calibration.order import CalibrationOrder
    from shoulderseg.workflows.slice_context.judge import describe_judgement
    from shoulderseg.workflows.slice_context.learn import learn_context as learn

    order = CalibrationOrder(
        images, labels, seed=seed, verdicts=verdicts, patient_pattern=patient_pattern
    )
    with reported(), images_progress() as on_progress:
        report = learn(
            bundle,
            order,
            device.resolve(),
            on_progress,
            steps=steps,
            most_share=most_share,
            mirroring=mirroring,
        )
    for line in describe_judgement(report.judgement):
        echo(line)
    if report.path is not None:
        echo(f"written to {report.path}; run `shoulderseg calibrate` for predicted Dice")
    for line in report.left_out:
        complain(f"left out: {line}")
    if report.left_out:
        raise typer.Exit(SOME_CASES_FAILED)
