"""`shoulderseg demo`: the default bundle on a synthetic shoulder and on a real slice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import reported, show_command
from shoulderseg.cli.terminal import echo


def demo(
    root: Annotated[
        Path, typer.Argument(metavar="ROOT", help="Folder for everything the demo makes.")
    ],
) -> None:
    """Segment a synthetic shoulder and a real slice with the default bundle; about two minutes.

    The bundle has seen synthetic shoulders alone. Research use only.
    """
    from shoulderseg.workflows.demo import PHANTOM, make_demo

    started = time.monotonic()
    with reported():
        made = make_demo(root, show_command)
    if made.missing:
        echo(made.missing)
    scores = ", ".join(f"{bone} {score:.3f}" for bone, score in made.dice.items())
    echo(f"Dice of {PHANTOM}: {scores}")
    for picture in made.pictures:
        echo(f"picture: {picture}")
    echo(f"label maps and run report: {made.predicted}")
    echo(f"done in {time.monotonic() - started:.0f} s")
