"""A silence that several threads keep at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager


class SharedSilence:
    """Keeps a process-wide silence from the first thread that asks for it to the last that ends.

    Each by itself would end it under the others, and put back what one of them had set.
    """

    def __init__(
        self,
        silence: Callable[[], AbstractContextManager[None]],
        renew: Callable[[], None] = lambda: None,
    ) -> None:
        """Keeps nothing yet.

        Args:
            silence: What is entered before the first and left after the last.
            renew: What silences what has come since, called by those that come between.
        """
        self._silence, self._renew = silence, renew
        self._lock = threading.Lock()
        self._held = 0
        self._kept = ExitStack()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps it while the block runs."""
        with self._lock:
            if self._held:
                self._renew()
            else:
                self._kept.enter_context(self._silence())
            self._held += 1
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1
                if not self._held:
                    self._kept.close()
