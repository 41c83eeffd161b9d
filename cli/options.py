"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

FOLDS_ADOPTED = "folds: per patient, from splits_final.json of the raw dataset"

DatasetArgument = Annotated[
    str, typer.Argument(metavar="ID", help="nnU-Net dataset: a number or DatasetNNN_Name.")
]


class Augmentation(StrEnum):
    """How much training images vary."""

    usual = "usual"
    strong = "strong"


class NetworkSize(StrEnum):
    """Which plans file a training uses."""

    auto = "auto"
    small = "small"

    @property
    def plans_name(self) -> str:
        """nnU-Net's plans identifier."""
        from shoulderseg.workflows.training.size import plans_name

        return plans_name(self.value)


class Device(StrEnum):
    """Where networks run."""

    auto = "auto"
    cuda = "cuda"
    mps = "mps"
    cpu = "cpu"

    def resolve(self) -> str:
        """Name of the device to use.

        Raises:
            ValueError: if the device asked for is not there.
        """
        from shoulderseg.workflows.device import resolve_device

        return resolve_device(self.value)


class Side(StrEnum):
    """Which shoulder it is."""

    left = "left"
    right = "right"
    axes = "axes"
    unknown = "unknown"


SizeOption = Annotated[NetworkSize, typer.Option(help="Which network: nnU-Net's own, or small.")]
DeviceOption = Annotated[Device, typer.Option(help="Where the networks run.")]


def known_side(side: Side, *, asked: bool = True) -> str:
    """A side as workflows have it: empty where it is unknown.

    Args:
        side: the choice.
        asked: whether anything is measured, as a side is of no use else.

    Raises:
        ValueError: if nothing is, and yet a side is given.
    """
    if side is Side.unknown:
        return ""
    if not asked:
        msg = f"--side {side.value} tells measures alone which shoulder it is; add --measure"
        raise ValueError(msg)
    return side.value


def split_list(text: str) -> list[str]:
    """Items of a comma-separated option, without blanks."""
    return [item.strip() for item in text.split(",") if item.strip()]


def split_lists(texts: Iterable[str] | None) -> list[str]:
    """Splits the values of an option that may be repeated, each a list of its own."""
    return [item for text in texts or () for item in split_list(text)]
