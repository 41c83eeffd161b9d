"""Runs `shoulderseg` commands one after another or together, shown as one would type them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import typer

from shoulderseg.cli.children import run_children
from shoulderseg.cli.failure import BROKEN_ENVIRONMENT, complain
from shoulderseg.cli.scripts import installed_script


def run_together(commands: Sequence[str], environment: Mapping[str, str], **paths: object) -> None:
    """Runs commands at the same time; ends the program if one of them fails.

    Args:
        commands: words after `shoulderseg`, with `{name}` where a path stands.
        environment: of the processes.
        paths: the paths by name; they may hold spaces.
    """
    lines = [[word.format(**paths) for word in command.split()] for command in commands]
    for words in lines:
        typer.secho(f"\n$ shoulderseg {shlex.join(words)}", bold=True)
    script = installed_script("shoulderseg")
    codes = run_children([[script, *words] for words in lines], environment)
    for words, code in zip(lines, codes, strict=True):
        if code != 0:
            complain(f"this step failed with exit code {code}: shoulderseg {shlex.join(words)}")
    if any(codes):
        raise typer.Exit(BROKEN_ENVIRONMENT)
