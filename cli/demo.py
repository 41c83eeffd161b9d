"""`shoulderseg demo`: the default bundle on a synthetic shoulder and on a real slice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import reported, show_command


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
        typer.echo(made.missing)
    scores = ", ".join(f"{bone} {score:.3f}" for bone, score in made.dice.items())
    typer.echo(f"Dice of {PHANTOM}: {scores}")
    for picture in made.pictures:
        typer.echo(f"picture: {picture}")
    typer.echo(f"label maps and run report: {made.predicted}")
    typer.echo(f"done in {time.monotonic() - started:.0f} s")
