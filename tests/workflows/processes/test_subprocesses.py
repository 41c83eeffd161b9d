"""Steps that are stopped, each with a child of its own as nnU-Net has.

Each child waits for a pipe that nobody writes to: none ends by itself, however long a test takes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.processes import subprocesses
from shoulderseg.workflows.processes.scripts import installed_script
from shoulderseg.workflows.processes.subprocesses import run_subprocesses

# Only a process that was left behind lets a test wait for this.
HUNG_SECONDS = 300

PROGRAM = """
import os, sys
from shoulderseg.workflows.processes import steps
steps.installed_script = lambda _: sys.argv[1]
steps.run_together(["one", "two" + sys.argv[2]], os.environ, print, nothing=chr(0))
"""
TRAIN = """
import sys
from shoulderseg.workflows.training import train
from shoulderseg.cli.app import app
train.installed_script = lambda _: sys.argv[1]
app(["train", "4", "--folds", "0", "--device", "cpu"])
"""


def _heed_signals() -> None:
    """Signals that are ignored under nohup or in a shell's background stay so in a child."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class Started:
    """A program that runs two steps, and what they print."""

    def __init__(self, script: Path, second: str = "", program: str = PROGRAM) -> None:
        command = [sys.executable, "-c", program, str(script), second]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_heed_signals,
        )

    def wait_for(self, steps: int) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            steps -= line == b"at work\n"
            if not steps:
                return
        pytest.fail(f"ended with {steps} steps to begin: {self.process.communicate()[1]!r}")

    def end(self) -> int:
        """The exit code, once every process that holds the pipes has ended."""
        try:
            self.process.communicate(timeout=HUNG_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            for stream in (self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()
            pytest.fail(f"exit code {self.process.wait()}, and a process goes on")
        return self.process.returncode


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    path, pipe = tmp_path / "shoulderseg", tmp_path / "pipe"
    os.mkfifo(pipe)
    path.write_text(f"#!/bin/sh\ncat {pipe} &\necho at work\nwait\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    yield path
    # Where the test has failed, children still wait: they meet the end of the pipe.
    with contextlib.suppress(OSError):
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -2)]
)
def test_nothing_goes_on_after_a_signal(script: Path, number: signal.Signals, code: int) -> None:
    started = Started(script)
    started.wait_for(2)
    started.process.send_signal(number)
    assert started.end() == code


def test_nnunet_does_not_go_on_without_train(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / "Dataset004_X").mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "nnUNet_preprocessed" / "Dataset004_X" / "nnUNetPlans.json").write_text("{}")
    started = Started(script, program=TRAIN)
    started.wait_for(1)
    started.process.terminate()
    assert started.end() == 143


def test_nothing_goes_on_where_a_step_cannot_be_started(script: Path) -> None:
    # No argument can hold a null character.
    assert Started(script, " {nothing}").end() == 1


@pytest.fixture
def heeded(number: signal.Signals) -> Iterator[None]:
    before = signal.signal(number, signal.SIG_DFL)
    yield
    signal.signal(number, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_midst_of_a_start_leaves_no_process(
    script: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    # A process that is slow to end is not killed, which would be another exit code.
    monkeypatch.setattr(subprocesses, "GRACE_SECONDS", HUNG_SECONDS)
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def slow(command: list[str], **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
        started.append(start(command, **options))
        os.kill(os.getpid(), number)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", slow)
    with pytest.raises((SystemExit, KeyboardInterrupt)):
        run_subprocesses([[str(script)]], os.environ)
    assert started[0].poll() == -signal.SIGTERM


@pytest.mark.parametrize("suffix", ["", ".exe"])
def test_commands_are_found_beside_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert installed_script("shoulderseg") == "shoulderseg"
    (tmp_path / f"shoulderseg{suffix}").touch()
    assert installed_script("shoulderseg") == str(tmp_path / f"shoulderseg{suffix}")
