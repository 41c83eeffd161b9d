"""What the workers of a cluster are asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

# How long to wait for a first worker, or for others where all have gone.
PATIENCE_S = 300.0


class Answer(Protocol):
    """What a task gives."""

    @property
    def busy(self) -> bool:
        """Whether another process works on it."""

    @property
    def unfit(self) -> str:
        """Why the worker cannot do it; empty if it can."""


Item = TypeVar("Item")
Given = TypeVar("Given", bound=Answer)


@dataclass(frozen=True)
class Duty(Generic[Item, Given]):
    """What workers are asked.

    Attributes:
        name: of a task, which everybody sees who looks at the cluster.
        examine: says at a worker why it is not fit; nothing if it is.
        work: does an item at a worker.
        patience_s: how long to wait for a first worker, or for others where all have gone.
    """

    name: str
    examine: Callable[[], str]
    work: Callable[[Item], Given]
    patience_s: float = PATIENCE_S
