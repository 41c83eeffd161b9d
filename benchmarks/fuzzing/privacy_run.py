"""Hides people in inputs by the thousand, and counts how many come out."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from benchmarks.fuzzing.privacy import Leak, attempt
from shoulderseg.cli.app import app

_AT_ONCE = 25


def run_privacy(attempts: int, seed: int, report: Path | None) -> None:
    """Makes attempts, and prints how many of them told a name or a number.

    Args:
        attempts: How often something is hidden, at least.
        seed: Of everything that is drawn.
        report: File for the counts and leaks, as JSON.

    Raises:
        SystemExit: If something leaked.
    """
    from tests.untrained import write_untrained

    started, made, runs = time.monotonic(), 0, 0
    leaks: list[Leak] = []
    with tempfile.TemporaryDirectory() as bundle:
        write_untrained(Path(bundle))
        while made < attempts:
            with tempfile.TemporaryDirectory() as folder:
                drawn = random.Random(f"{seed} {runs}")
                count, found = attempt(Path(folder), drawn, _run, Path(bundle), _AT_ONCE)
            for leak in found:
                print("LEAK", runs, leak, flush=True)
            leaks += found
            made, runs = made + count, runs + 1
    print(f"{made} attempts in {runs} runs, {len(leaks)} leaks, {time.monotonic() - started:.0f} s")
    if report:
        told = [leak.__dict__ for leak in leaks]
        result = {"attempts": made, "runs": runs, "seed": seed, "leaks": told}
        report.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if leaks:
        raise SystemExit(1)


def _run(words: list[str]) -> str:
    """Runs a command here; gives also what libraries write past Python.

    Raises:
        RuntimeError: If it ends with an error of its own kind.
    """
    with _captured() as file:
        outcome = CliRunner().invoke(app, words)
        text = os.pread(file, 1 << 24, 0).decode(errors="replace")
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        msg = f"{words[0]} ended with {outcome.exception!r}"
        raise RuntimeError(msg)
    return f"{outcome.output}\n{text}"


@contextlib.contextmanager
def _captured() -> Iterator[int]:
    """Gives the number of the file that standard output and error go to for a while."""
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(number) for number in (1, 2)]
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield file.fileno()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
