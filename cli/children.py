"""Child processes that end when this one does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

GRACE_SECONDS = 20.0


def run_children(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> list[int]:
    """Runs commands at the same time and waits for all of them.

    Whatever ends the waiting (an interruption, a request to terminate, a command that cannot be
    started) ends all of them first, with their own children: trainings that go on unseen would
    write into the folders of the next call.

    Args:
        commands: program and arguments of each.
        environment: of the processes.

    Returns:
        Their exit codes.
    """
    running: list[subprocess.Popen[bytes]] = []
    with _signals_raise():
        try:
            for command in commands:
                running.append(
                    subprocess.Popen(
                        command,
                        env=dict(environment),
                        # Of a group of their own, they could not read the terminal.
                        stdin=subprocess.DEVNULL,
                        process_group=0,
                    )
                )
            return [process.wait() for process in running]
        finally:
            _end([process for process in running if process.poll() is None])


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


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    """Turns a request to terminate and the loss of the terminal into an exit that cleans up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # One that is ignored, as by nohup, stays so.
    numbers = [number for number in map(signal.Signals.__getitem__, names) if _matters(number)]
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _matters(number: signal.Signals) -> bool:
    return signal.getsignal(number) is not signal.SIG_IGN
