"""Child processes that end when this one does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

GRACE_SECONDS = 20.0
_ASKED_EVERY_S = 1.0


def run_subprocesses(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    *,
    stopped: Callable[[], bool] | None = None,
    kept_open: Sequence[int] = (),
) -> list[int]:
    """Runs commands at the same time and waits for all of them.

    Whatever ends the waiting (an interruption, a request to terminate, a command that cannot be
    started) ends all of them first, with their own children: trainings that go on unseen would
    write into the folders of the next call.

    Args:
        commands: program and arguments of each.
        environment: of the processes.
        stopped: is asked every second whether all of them are to be ended.
        kept_open: files of this process that stay open in them.

    Returns:
        Their exit codes; of those that were ended, as ended processes have.
    """
    running: list[subprocess.Popen[bytes]] = []
    with _Signals() as signals:
        try:
            for command in commands:
                with signals.held():
                    running.append(_start(command, environment, kept_open))
            if stopped is not None:
                _wait(running, stopped)
            return [process.wait() for process in running]
        finally:
            _end([process for process in running if process.poll() is None])


def _wait(running: Sequence[subprocess.Popen[bytes]], stopped: Callable[[], bool]) -> None:
    """Waits until all have come to their end, or are to be ended, and then are."""
    for process in running:
        while process.poll() is None:
            if stopped():
                _end([one for one in running if one.poll() is None])
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_ASKED_EVERY_S)


def _start(
    command: Sequence[str], environment: Mapping[str, str], kept_open: Sequence[int]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=dict(environment),
        # In a process group of its own it could not read the terminal.
        stdin=subprocess.DEVNULL,
        process_group=0,
        pass_fds=tuple(kept_open),
    )


def _end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Asks processes and their groups to end, and makes them after a while."""
    for process in running:
        _send(process, "SIGTERM")
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        # Also what is left of a group whose first process has ended.
        _send(process, "SIGKILL")
        process.wait()


def _send(process: subprocess.Popen[bytes], name: str) -> None:
    if os.name == "nt":
        process.terminate()
        return
    # PermissionError is what macOS answers for a group that has just ended.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, getattr(signal, name))


class _Signals:
    """Turns signals that ask to end into exceptions, so that what has to be ended is.

    Beside an interruption: a request to terminate, and the loss of the terminal. One that is
    ignored, as by nohup, stays so.
    """

    def __init__(self) -> None:
        self._holding = False
        self._came: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        # Python lets no other thread set handlers.
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._arrive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Lets a signal wait: in the midst of a start it would leave a process unknown."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._came:
            self._leave(self._came[0])

    def _arrive(self, number: int, _: FrameType | None) -> None:
        if self._holding:
            self._came.append(number)
        else:
            self._leave(number)

    def _leave(self, number: int) -> None:
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
