"""What reaches the terminal of what the library logs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from shoulderseg.cli.log import is_quiet, logged, set_up_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Run

LOGGER = logging.getLogger("shoulderseg.datasets.somewhere")
APART = "slices %g mm apart, usual are 0.3 to 8 mm"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Gives the loggers back as they were."""
    loggers = [logging.getLogger(), logging.getLogger("shoulderseg")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers = handlers


def test_a_warning_names_no_module(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log()
    with logged(verbose=False, quiet=False):
        LOGGER.warning("%s: %s", "a.nii.gz", "check the unit of length")
        LOGGER.info("fold 0 voted")
        LOGGER.debug("hidden")
    assert capsys.readouterr().err.splitlines() == [
        "warning: a.nii.gz: check the unit of length",
        "fold 0 voted",
    ]


def test_warnings_of_one_cause_are_told_once_with_a_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_log()
    for _ in range(2):
        with logged(verbose=False, quiet=False):
            for number, apart in enumerate((11.1, 12.5, 13.7)):
                LOGGER.warning("%s: %s", f"case_{number}.nii.gz", APART % apart)
            LOGGER.warning("%s: %s", "case_0.nii.gz", "another cause")
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 3
        assert lines[0].startswith("warning: case_0.nii.gz: slices 11.1 mm apart")
        assert lines[1] == "warning: case_0.nii.gz: another cause"
        assert lines[2].startswith("warning: 2 times more, for other files: slices")


def test_a_command_tells_nothing_of_what_came_before_it(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_log()
    for number in range(3):
        LOGGER.warning("%s: %s", f"case_{number}.nii.gz", APART % 11.1)
    assert "more, for other files" not in run("models").output
    assert capsys.readouterr().err.count("\n") == 1


def test_verbose_shows_each_with_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log()
    with logged(verbose=True, quiet=False):
        for _ in range(2):
            LOGGER.warning("again")
        try:
            raise OSError("no room")  # noqa: EM101
        except OSError:
            LOGGER.debug("traceback", exc_info=True)
    told = capsys.readouterr().err
    assert told.count("warning shoulderseg.datasets.somewhere: again\n") == 2
    assert "OSError: no room" in told


def test_quiet_keeps_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log()
    assert not is_quiet()
    with logged(verbose=False, quiet=True):
        assert is_quiet()
        LOGGER.warning("unusual")
        LOGGER.error("wrong")
    assert capsys.readouterr().err == "error: wrong\n"


@pytest.mark.parametrize(
    "words", [["--verbose", "env"], ["env", "--verbose"], ["models", "--quiet"], ["--quiet", "env"]]
)
def test_both_places_are_taken(run: Run, words: list[str]) -> None:
    assert run(*words).exit_code == 0


@pytest.mark.parametrize(
    "words", [["env", "--verbose", "--quiet"], ["--verbose", "--quiet", "env"]]
)
def test_opposites_are_refused(run: Run, words: list[str]) -> None:
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert "opposites" in outcome.output
