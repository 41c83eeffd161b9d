"""Places in which no store of bundles can be."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

FETCH = ("fetch", "http://127.0.0.1:9/a.zip", "--sha256", "2" * 64, "--allow-http")


@pytest.mark.parametrize("place", ["~no-such-user-q/store", "~no-such-user-q"])
@pytest.mark.parametrize(
    "words", [(), ("--json",), ("remove", "a"), FETCH, ("import", Path(__file__).parent)]
)
def test_the_home_of_nobody(
    run: Run, store: Path, monkeypatch: pytest.MonkeyPatch, place: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SHOULDERSEG_MODELS", place)
    outcome = run("models", *words)
    assert outcome.exit_code == 2, outcome.output
    assert isinstance(outcome.exception, SystemExit)
    told = " ".join(outcome.output.split())
    assert f"SHOULDERSEG_MODELS is '{place}', and no home folder of a user 'no-such-user-q'" in told
    assert "set it to the whole path of a folder" in told


def test_predict_by_name_tells_of_it_too(
    run: Run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOULDERSEG_MODELS", "~no-such-user-q")
    (tmp_path / "a.nii.gz").touch()
    outcome = run("predict", tmp_path / "a.nii.gz", tmp_path / "out", "--model", "b")
    assert outcome.exit_code == 3
    assert "no home folder of a user 'no-such-user-q' is known" in outcome.output


def test_a_user_without_a_home(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with a user number that no file knows."""
    monkeypatch.delenv("SHOULDERSEG_MODELS", raising=False)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: Path("~/.local/share/x"))
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    outcome = run("models")
    assert outcome.exit_code == 2
    assert "SHOULDERSEG_MODELS is not set, and no home folder of yours is known" in outcome.output


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("{tmp}/file", "a file is in the way"),
        ("{tmp}/file/store", "a file is in the way"),
        ("{tmp}/nowhere", "a file is in the way"),
        ("/proc/self", ""),
        ("/proc/self/store", ""),
    ],
)
@pytest.mark.parametrize("word", ["import", "fetch", "remove"])
def test_a_store_that_cannot_be_written_is_told_of_at_once(
    run: Run,
    untrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    reason: str,
    word: str,
) -> None:
    if place.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("needs /proc")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone" / "too")
    chosen = place.format(tmp=tmp_path)
    monkeypatch.setenv("SHOULDERSEG_MODELS", chosen)
    words = {"import": ("import", untrained), "fetch": FETCH, "remove": ("remove", "b")}[word]
    begun = time.monotonic()
    outcome = run("models", *words)
    assert time.monotonic() - begun < 30
    assert outcome.exit_code == 2, outcome.output
    assert isinstance(outcome.exception, SystemExit)
    told = " ".join(outcome.output.split())
    assert f"bundles cannot be kept in {chosen}: {reason}" in told
    assert "set SHOULDERSEG_MODELS to a folder that you can write to" in told
    assert "another import" not in told
    assert (tmp_path / "file").read_text() == "mine"


def test_a_lock_that_is_a_link_is_refused(run: Run, store: Path, untrained: Path) -> None:
    store.mkdir()
    victim = store.parent / "victim"
    victim.write_text("precious")
    (store / ".lock").symlink_to(victim)
    outcome = run("models", "import", untrained)
    assert outcome.exit_code == 2
    assert ".lock is a link" in " ".join(outcome.output.split())
    assert victim.read_text() == "precious"
