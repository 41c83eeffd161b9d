"""Each command line in the documentation is one that `make docs-run` runs, or says why not."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from shoulderseg.cli.app import app
from tests.documented_commands import PAGES, ROOT, read_steps, shown_lines

# Typer has a copy of click of its own, and exports only this descendant of its usage errors.
UsageError: Any = typer.BadParameter.__mro__[1]


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def known_lines() -> frozenset[str]:
    return frozenset(line for step in read_steps() for line in step.shown)


def complaint(line: str) -> str:
    """What the command says against the words of a line, without running it."""
    words = shlex.split(line)[1:]
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    try:
        command.make_context("shoulderseg", words)
    except typer.Exit:  # of --help
        return ""
    except UsageError as error:
        return str(error.format_message())
    return ""


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_each_line_of_a_page_is_run_or_says_why_not(page: Path) -> None:
    unknown = [
        line for line in shown_lines(page.read_text(encoding="utf-8")) if line not in known_lines()
    ]
    assert unknown == [], "add them to tests/documented_commands.toml and run `make docs-run`"


def test_no_line_is_kept_that_no_page_shows() -> None:
    shown = {line for page in PAGES for line in shown_lines(page.read_text())}
    assert sorted(known_lines() - shown) == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_lines_of_a_page_are_complete(page: Path) -> None:
    lines = [
        line
        for line in shown_lines(page.read_text(encoding="utf-8"))
        if line.startswith("shoulderseg ")
    ]
    wrong = {line: complaint(line) for line in lines if not re.search(r"\bNAME$", line)}
    assert {line: said for line, said in wrong.items() if said} == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("    make demo    # says something\n", ["make demo"]),
        (
            "    shoulderseg plan 1 && shoulderseg train 1\n",
            ["shoulderseg plan 1", "shoulderseg train 1"],
        ),
        ("    shoulderseg plan 1 \\\n        --size small\n", ["shoulderseg plan 1 --size small"]),
        ("Try `shoulderseg\nmodels remove NAME`.", ["shoulderseg models remove NAME"]),
        ("Use `plan 1 --size small`.", ["plan 1 --size small"]),
        ("`shoulderseg models fetch` and `train --synthetic` are names.", []),
        ("```python\nprint('make demo')\n```\n", []),
        ("    no command at all\n", []),
    ],
)
def test_lines_are_found(text: str, lines: list[str]) -> None:
    assert shown_lines(text) == lines


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shoulderseg phantom --cases 2", "Missing argument 'OUT'"),
        ("shoulderseg convert pairs a b c", "Missing option '--map'"),
        ("shoulderseg train 1 --epochs few", "valid integer"),
        ("shoulderseg plan 1 2", "unexpected extra argument"),
        ("shoulderseg phantom --help", ""),
        ("shoulderseg evaluate a/ b/ --csv scores.csv", ""),
    ],
)
def test_an_incomplete_line_is_found(line: str, said: str) -> None:
    assert said in complaint(line)
    assert bool(said) == bool(complaint(line))
