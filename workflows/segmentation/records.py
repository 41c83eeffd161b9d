"""What the work on cases adds its records to."""

from __future__ import annotations

from typing import Any, Protocol


class Recording(Protocol):
    """Takes the records of cases."""

    def add(self, record: dict[str, Any], *, write: bool = True) -> None:
        """Adds the record of the next case."""

    def add_examination(self, record: dict[str, Any]) -> None:
        """Adds the record of an examination."""


class Records:
    """What a worker of a cluster gives the run report, which another process writes.

    Attributes:
        of_cases: records of cases.
        of_examinations: records of examinations.
    """

    def __init__(self) -> None:
        self.of_cases: list[dict[str, Any]] = []
        self.of_examinations: list[dict[str, Any]] = []

    def add(self, record: dict[str, Any], *, write: bool = True) -> None:
        """Adds the record of the next case."""
        self.of_cases.append(record)

    def add_examination(self, record: dict[str, Any]) -> None:
        """Adds the record of an examination."""
        self.of_examinations.append(record)
