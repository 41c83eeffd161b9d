"""Errors that workflows raise, and what errors say."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOGGER = logging.getLogger(__name__)


def reason_of(error: Exception) -> str:
    """What an error says; where it was not foreseen, with its kind."""
    said, kind = str(error), type(error).__name__
    if not said:
        return kind
    return said if isinstance(error, ValueError | OSError | MemoryError) else f"{kind}: {said}"


def may_pass(error: BaseException) -> bool:
    """Whether the same may go well another time: what failed is a disk, a network or memory."""
    return isinstance(error, OSError | MemoryError)


@contextmanager
def noted(path: Path, failed: list[str]) -> Iterator[None]:
    """Lets other images go on when one cannot be used.

    Args:
        path: of the image.
        failed: gets the reason, which begins with the file's name.
    """
    try:
        yield
    except Exception as error:
        _LOGGER.debug("traceback", exc_info=True)
        reason = str(error) or type(error).__name__
        failed.append(reason if reason.startswith(path.name) else f"{path.name}: {reason}")


class StepFailedError(RuntimeError):
    """A command that a workflow runs as a process has failed; it has said why itself."""


class BrokenEnvironmentError(RuntimeError):
    """Raised where what was asked for is sound, and what it needs is not there or was lost."""
