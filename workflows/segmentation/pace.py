"""How often something may be written that takes the longer, the more there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# So that it takes a twentieth of the time.
_REST = 20.0


class Pace:
    """Gives each writing a rest of twenty times as long as it took."""

    def __init__(self, quick_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins with no rest.

        Args:
            quick_s: what takes no longer needs no rest.
            clock: tells seconds.
        """
        self._quick_s, self._clock, self._next = quick_s, clock, float("-inf")

    @property
    def due(self) -> bool:
        """Whether it may be written again."""
        return self._clock() >= self._next

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Measures a writing, also one that fails or has to wait for others."""
        began = self._clock()
        try:
            yield
        finally:
            ended = self._clock()
            took = ended - began
            self._next = ended + (_REST * took if took > self._quick_s else 0.0)
