"""`shoulderseg train-refiner`: the AlexNet that decides the bones' edges."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import (
    DatasetArgument,
    Device,
    DeviceOption,
    NetworkSize,
    SizeOption,
    split_list,
)
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.refine.training import TrainingState
    from shoulderseg.workflows.refiner.train import TrainedRefiner


class Inputs(StrEnum):
    """What the AlexNet sees."""

    image = "image"
    votes = "votes"


@dataclass(frozen=True)
class PatchOptions:
    """What the AlexNet sees of a voxel, one option a field; see `as_command`."""

    inputs: Annotated[
        Inputs, typer.Option(help="Image patches alone, or also the U-Nets' votes there.")
    ] = Inputs.image
    neighbours: Annotated[
        int,
        typer.Option(min=0, max=2, help="Slices it sees on either side; 0 is the paper's way."),
    ] = 1
    patch_size: Annotated[int, typer.Option(help="Side of a patch in pixels.")] = 32
    stride: Annotated[
        int, typer.Option(min=1, max=2, help="2 lets larger patches cost what smaller ones do.")
    ] = 1


@dataclass(frozen=True)
class CourseOptions:
    """What it learns from, and how long, one option a field; see `as_command`."""

    folds: Annotated[
        str,
        typer.Option(
            metavar="N,N,...",
            help="Which folds.",
            show_default="those that all three U-Nets have finished",
        ),
    ] = ""
    unets: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="Learn on what the U-Nets of a bundle say (default, an imported one, or a "
            "folder); none of this dataset's patients may have trained them.",
            show_default="those trained on this dataset",
        ),
    ] = None
    epochs: Annotated[int, typer.Option(min=1, help="Epochs.")] = 40
    steps: Annotated[int, typer.Option(min=1, help="Training steps an epoch.")] = 250
    batch_size: Annotated[int, typer.Option(min=2, help="Patches a step.")] = 256
    seed: Annotated[int, typer.Option(help="Source of all randomness.")] = 1


def train_refiner(
    dataset: DatasetArgument,
    *,
    size: SizeOption = NetworkSize.auto,
    patches: PatchOptions,
    course: CourseOptions,
    device: DeviceOption = Device.auto,
    restart: Annotated[bool, typer.Option("--restart", help="Forget an earlier run.")] = False,
    without_votes: Annotated[
        bool,
        typer.Option(
            "--without-votes",
            help="Go on where no U-Net is trained; nothing then shows whether the refiner helps.",
        ),
    ] = False,
) -> None:
    """Train the edge refiner on a dataset; call it again after an interruption.

    Run it after `shoulderseg train`: it is trained on out-of-fold predictions of the U-Nets,
    one AlexNet a fold, and the held-out patients choose which voxels it decides and how far it is
    trusted. Unless that clearly beats the vote, `predict` keeps the vote by default. The votes are
    those without mirror images, which take half the time. With --unets no U-Nets need be trained;
    give it to `export` too.
    """
    from shoulderseg.workflows.refiner.train import RefinerOrder
    from shoulderseg.workflows.refiner.train import train_refiner as train

    with reported():
        order = RefinerOrder(
            dataset,
            device.resolve(),
            size.value,
            unets=course.unets,
            folds=split_list(course.folds),
            sees_votes=patches.inputs is Inputs.votes,
            neighbours=patches.neighbours,
            patch_size=patches.patch_size,
            stride=patches.stride,
            epochs=course.epochs,
            steps=course.steps,
            batch_size=course.batch_size,
            seed=course.seed,
            restart=restart,
            without_votes=without_votes,
        )
        echo(_summary(train(order, _tell_fold)))


def _tell_fold(fold: str, state: TrainingState) -> None:
    echo(
        f"fold {fold}: {state.epoch} epochs, balanced accuracy at the edges of its held-out cases "
        f"{state.best_score:.4f}"
    )


def _summary(made: TrainedRefiner) -> str:
    choice = made.choice
    if choice is None:
        return (
            f"{made.folder}: no out-of-fold votes, so nothing shows whether it helps; `predict` "
            "keeps the vote"
        )
    told = choice.patients
    whose = "each taken for a patient" if told is None else f"patients: {told}"
    judged = f"{made.folder}: {made.held_out} held-out cases ({whose})"
    if (made.held_out if told is None else told) < 2:
        return (
            f"{judged}: Dice {choice.vote_dice:.4f} by the vote, too few patients to show whether "
            "it helps; `predict` keeps the vote by default"
        )
    verdict = "refines" if choice.helps else "keeps the vote"
    return (
        f"{judged}: Dice {choice.vote_dice:.4f} by the vote, "
        f"{choice.gain:+.4f} (standard error {choice.standard_error:.4f}) by rules that the others "
        f"chose; `predict` {verdict} by default; rule {choice.rule}"
    )
