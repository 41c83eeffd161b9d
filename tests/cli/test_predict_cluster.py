"""`predict` on a cluster, with untrained U-Nets."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
from dask import config

from shoulderseg.workflows.cohort import cluster

if TYPE_CHECKING:
    from tests.cli.conftest import Run

# However the tests were started: in the background of a shell some signals are ignored.
COMMAND = (
    "import signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
    "if __name__ == '__main__':\n"
    "    from shoulderseg.cli.app import run\n"
    "    run()\n"
)
PATIENCE_S = 240.0


@pytest.fixture
def words(untrained: Path, tmp_path: Path) -> list[object]:
    """The command on six images."""
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for number in range(6):
        image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 32)).astype(np.float32))
        SimpleITK.WriteImage(image, str(tmp_path / "in" / f"c{number}.nii.gz"))
    return ["predict", "in", "out", "--model", untrained, "--device", "cpu"]


def test_a_scheduler_that_is_not_there(
    run: Run, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with config.set({"distributed.comm.timeouts.connect": "500ms"}):
        outcome = run(*words, "--scheduler", "tcp://127.0.0.1:9")
    assert outcome.exit_code == 3
    assert "the scheduler tcp://127.0.0.1:9 cannot be reached" in outcome.output
    outcome = run(*words, "--scheduler", "none.json")
    assert outcome.exit_code == 2
    assert "expected an address such as tcp://host:8786" in " ".join(outcome.output.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("files", [{}, {"CA_FILE": "none.pem", "CLIENT__CERT": "none.pem"}])
def test_a_scheduler_that_asks_for_a_certificate_that_there_is_not(
    words: list[object], tmp_path: Path, files: dict[str, str]
) -> None:
    (tmp_path / "main.py").write_text(COMMAND)
    variables = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": file for name, file in files.items()}
    done = subprocess.run(
        [sys.executable, "main.py", *map(str, words), "--scheduler", "tls://127.0.0.1:9"],
        cwd=tmp_path,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 3
    said = " ".join(done.stderr.split())
    assert "the scheduler tls://127.0.0.1:9 asks for a certificate, and there is none" in said
    assert ("No such file" in said) == bool(files)
    # Dask has nothing to add.
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_without_dask_the_error_says_what_to_install(
    run: Run, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    for option in (["--workers", 2], ["--scheduler", "tcp://127.0.0.1:9"]):
        outcome = run(*words, *option)
        assert outcome.exit_code == 2
        assert "pip install 'shoulderseg[cluster]'" in " ".join(outcome.output.split())
    assert not (tmp_path / "out").exists()


def started(words: list[object], tmp_path: Path) -> subprocess.Popen[bytes]:
    # Worker processes read the main module again.
    (tmp_path / "main.py").write_text(COMMAND)
    return subprocess.Popen(
        [sys.executable, str(tmp_path / "main.py"), *map(str, words)],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)])
def test_a_stopped_run_leaves_no_worker_and_goes_on(
    run: Run,
    words: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    process = started([*words, "--workers", 1], tmp_path)
    end = time.monotonic() + PATIENCE_S
    while not list(out.glob("*.nii.gz")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    # A terminal interrupts the workers, too.
    send = os.killpg if name == "SIGINT" else os.kill
    send(process.pid, getattr(signal, name))
    assert process.wait(PATIENCE_S) == code
    # Whoever works holds a claim; the workers of a killed command end by themselves.
    while at_work_below(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.01)
    if name != "SIGKILL":
        assert [*out.rglob(".part-*"), *out.rglob("*.lock")] == []
    outcome = run(*words)
    assert outcome.exit_code == 0
    assert "6 of 6 cases written" in outcome.output
    assert [*out.rglob(".part-*"), *out.rglob("*.lock")] == []


def at_work_below(folder: Path) -> list[str]:
    """Other processes whose working folder it is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.name != str(os.getpid()) and (process / "cwd").samefile(folder):
                found.append(process.name)
    return found
