"""Signals that end a process, made an orderly end: what is temporary is removed."""

from __future__ import annotations

import signal
from types import FrameType

_ENDING = ("SIGTERM", "SIGHUP")


def end_in_order() -> None:
    """Makes a request to terminate, and the loss of the terminal, raise SystemExit.

    Batch systems, containers and closed terminals end processes so, and Python by itself would then
    leave temporary files behind. One that is ignored, as by nohup, stays so. What comes while the
    process ends already is ignored; only a kill ends it at once.
    """
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)


def _leave(number: int, _: FrameType | None) -> None:
    for name in _ENDING:
        known = getattr(signal, name, None)
        if known is not None:
            signal.signal(known, signal.SIG_IGN)
    raise SystemExit(128 + number)
