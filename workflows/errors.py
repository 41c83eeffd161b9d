"""Errors that workflows raise, and what errors say."""

from __future__ import annotations


def reason_of(error: Exception) -> str:
    """What an error says; where it was not foreseen, with its kind."""
    said, kind = str(error), type(error).__name__
    if not said:
        return kind
    return said if isinstance(error, ValueError | OSError | MemoryError) else f"{kind}: {said}"


def may_pass(error: BaseException) -> bool:
    """Whether the same may go well another time: what failed is a disk, a network or memory."""
    return isinstance(error, OSError | MemoryError)


class StepFailedError(RuntimeError):
    """A command that a workflow runs as a process has failed; it has said why itself."""


class BrokenEnvironmentError(RuntimeError):
    """Raised where what was asked for is sound, and what it needs is not there or was lost."""
