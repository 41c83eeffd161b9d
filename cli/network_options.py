"""Which networks run, and how they decide, as options of `shoulderseg predict`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer


class Vote(StrEnum):
    """How the voters of a bone are fused."""

    majority = "majority"
    mean = "mean"
    staple = "staple"


class Voters(StrEnum):
    """Who votes."""

    unets = "unets"
    all = "all"


class Engine(StrEnum):
    """What computes the U-Nets on a CPU."""

    auto = "auto"
    openvino = "openvino"
    torch = "torch"


class Precision(StrEnum):
    """What the U-Nets are computed in on a CPU."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    int8 = "int8"


@dataclass(frozen=True)
class NetworkOptions:
    """Which networks run, and how they decide, one option a field; see `as_command`."""

    model: Annotated[
        str,
        typer.Option(
            help="A bundle: a folder made by `export`, or a name that `models` lists; or a 2d "
            "model of plain nnU-Net with the labels humerus and glenoid, a folder or a zip file."
        ),
    ] = "default"
    folds: Annotated[
        str, typer.Option(metavar="N,N,...", help="Folds of the U-Nets.", show_default="all")
    ] = ""
    vote: Annotated[Vote, typer.Option(help="How the voters are fused.")] = Vote.majority
    voters: Annotated[
        Voters,
        typer.Option(
            help="The three U-Nets, or all: with the edge refiner (the AlexNet) as the fourth."
        ),
    ] = Voters.unets
    refine: Annotated[
        bool | None,
        typer.Option(
            help="Let the edge refiner (the AlexNet) decide the bones' edges.",
            show_default="where the bundle's cross-validation showed that it helps",
        ),
    ] = None
    mirroring: Annotated[
        bool,
        typer.Option(
            help="Average over mirror images, so that left and right shoulders are segmented "
            "alike; --no-mirroring halves the U-Nets' work."
        ),
    ] = True
    as_stored: Annotated[
        bool,
        typer.Option(
            "--as-stored",
            help="Do not turn volumes upright first; for files whose directions are wrong.",
        ),
    ] = False
    crop: Annotated[
        bool | None,
        typer.Option(
            help="Show the U-Nets the surroundings of the bones alone, which a coarse look finds.",
            show_default="as the bundle says",
        ),
    ] = None
    three_planes: Annotated[
        bool | None,
        typer.Option(
            help="See volumes of many thin slices (up to 1.5 mm) in all three planes, and average; "
            "--no-three-planes takes a third of the time for these, or less.",
            show_default="as the bundle says",
        ),
    ] = None
    slice_context: Annotated[
        bool | None,
        typer.Option(
            help="Correct what the U-Nets say of a slice by what they say of its neighbours.",
            show_default="where the bundle can",
        ),
    ] = None
    engine: Annotated[
        Engine,
        typer.Option(
            help="What computes the U-Nets on a CPU.",
            show_default="openvino where it knows the networks, else torch",
        ),
    ] = Engine.auto
    precision: Annotated[
        Precision,
        typer.Option(
            help="What they are computed in; float32 is the slowest and the most exact.",
            show_default="the fastest that the CPU has instructions for and the bundle allows",
        ),
    ] = Precision.auto
