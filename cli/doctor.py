"""`shoulderseg doctor`: whether this installation can train and predict."""

from __future__ import annotations

import typer

from shoulderseg.cli.failure import BROKEN_ENVIRONMENT
from shoulderseg.cli.terminal import echo


def doctor() -> None:
    """Check packages, devices, nnU-Net's folders and the trainers; exits with 3 on a fault."""
    from shoulderseg.workflows.diagnosis import diagnose

    broken = False
    for check in diagnose():
        broken |= not check.sound
        echo(f"{'ok   ' if check.sound else 'FAULT'}  {check.name}: {check.told}")
    if broken:
        raise typer.Exit(BROKEN_ENVIRONMENT)
