"""Runs `shoulderseg` commands one after another or together."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from shoulderseg.workflows.errors import StepFailedError
from shoulderseg.workflows.processes.scripts import installed_script
from shoulderseg.workflows.processes.subprocesses import run_subprocesses


def run_together(
    commands: Sequence[str],
    environment: Mapping[str, str],
    on_command: Callable[[str], None],
    **paths: object,
) -> None:
    """Runs commands at the same time and waits for all of them.

    Args:
        commands: words after `shoulderseg`, with `{name}` where a path stands.
        environment: of the processes.
        on_command: is called with each command as one would type it, before any of them starts.
        paths: the paths by name; they may hold spaces.

    Raises:
        StepFailedError: if a command ends with another exit code than 0; names all that did.
    """
    lines = [[word.format(**paths) for word in command.split()] for command in commands]
    for words in lines:
        on_command(f"shoulderseg {shlex.join(words)}")
    script = installed_script("shoulderseg")
    codes = run_subprocesses([[script, *words] for words in lines], environment)
    failed = [
        f"this step failed with exit code {code}: shoulderseg {shlex.join(words)}"
        for words, code in zip(lines, codes, strict=True)
        if code != 0
    ]
    if failed:
        raise StepFailedError("\n".join(failed))
