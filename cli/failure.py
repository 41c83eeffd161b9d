"""Exit codes, and how an error reaches the terminal."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from shoulderseg.cli.terminal import RED, YELLOW, echo

SOME_CASES_FAILED = 1
WRONG_USE = 2
BROKEN_ENVIRONMENT = 3


def complain(message: str) -> None:
    """Writes an error line to stderr."""
    echo(f"error: {message}", colour=RED, err=True)


def warn(message: str) -> None:
    """Writes a warning line to stderr."""
    echo(f"warning: {message}", colour=YELLOW, err=True)


@contextmanager
def reported(code: int = WRONG_USE) -> Iterator[None]:
    """Turns the library's errors into one line on stderr and an exit code.

    The traceback stays available with `shoulderseg --verbose`.
    """
    from shoulderseg.workflows.errors import BrokenEnvironmentError, StepFailedError

    try:
        yield
    except (StepFailedError, BrokenEnvironmentError) as error:
        for line in str(error).splitlines():
            complain(line)
        raise typer.Exit(BROKEN_ENVIRONMENT) from error
    except (ValueError, OSError) as error:
        logging.getLogger("shoulderseg").debug("traceback", exc_info=True)
        complain(_in_words(error))
        raise typer.Exit(code) from error


def _in_words(error: ValueError | OSError) -> str:
    """What happened; the system's own errors with their file, and what to do about a full disk."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{where}the disk is full ({error.strerror}); free some space and run the command "
            "again. Files that are finished are whole"
        )
    return f"{where}{error.strerror}"


def show_command(line: str) -> None:
    """Shows a command that is about to run, as one would type it."""
    echo("")
    echo(f"$ {line}", bold=True)
