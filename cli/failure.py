"""Exit codes, and how an error reaches the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer

SOME_CASES_FAILED = 1
WRONG_USE = 2
BROKEN_ENVIRONMENT = 3


def complain(message: str) -> None:
    """Writes an error line to stderr."""
    typer.secho(f"error: {message}", fg=typer.colors.RED, err=True)


def reason_of(error: Exception) -> str:
    """What an error says; where it was not foreseen, with its kind."""
    said, kind = str(error), type(error).__name__
    if not said:
        return kind
    return said if isinstance(error, ValueError | OSError | MemoryError) else f"{kind}: {said}"


@contextmanager
def reported(code: int = WRONG_USE) -> Iterator[None]:
    """Turns the library's errors into one line on stderr and an exit code.

    The traceback stays available with `shoulderseg --verbose`.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        logging.getLogger("shoulderseg").debug("traceback", exc_info=True)
        complain(str(error))
        raise typer.Exit(code) from error
