"""Arithmetic of a GPU in all the bits of float32, whatever other threads compute at the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class _Switches:
    """torch's switches of TF32, which hold for all threads: off from the first user to the last.

    Each user by itself would turn them on again under the others, or for good, where it had found
    them off.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = (False, False)

    @contextmanager
    def off(self) -> Iterator[None]:
        with self._lock:
            if not self._users:
                self._before = (
                    torch.backends.cudnn.allow_tf32,
                    torch.backends.cuda.matmul.allow_tf32,
                )
                _switch((False, False))
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    _switch(self._before)


_SWITCHES = _Switches()


@contextmanager
def true_float32(device: torch.device) -> Iterator[None]:
    """Keeps a GPU from rounding float32 to 10 bits, cuDNN's default for convolutions.

    Args:
        device: Where is computed while the block runs; on others than a GPU nothing is to be kept.
    """
    if device.type != "cuda":
        yield
        return
    with _SWITCHES.off():
        yield


def _switch(allowed: tuple[bool, bool]) -> None:
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = allowed
