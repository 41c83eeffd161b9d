"""Commands made of functions, and what their help looks like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from shoulderseg.cli.app import app as whole_app
from shoulderseg.cli.signature import add_command, flowing

WIDE = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}


class Kind(StrEnum):
    """What it is."""

    plain = "plain"
    fancy = "fancy"


@dataclass(frozen=True)
class Shared:
    """Options that two commands share."""

    count: Annotated[int, typer.Option(help="How many.")] = 3
    kind: Annotated[Kind, typer.Option(help="Which.")] = Kind.plain
    names: Annotated[list[str] | None, typer.Option("--name", help="Who.")] = None


seen: list[Any] = []


def first(source: Annotated[Path, typer.Argument(help="From.")], shared: Shared) -> None:
    """Do one thing, of which more
    is said in a second line.
    """
    seen.append((source, shared))


def second(
    shared: Shared, flag: Annotated[bool, typer.Option("--flag", help="Whether.")] = False
) -> None:
    """Do another thing."""
    seen.append((flag, shared))


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    add_command(made, first)
    add_command(made, second, "other")
    seen.clear()
    return made


def test_commands_share_the_options_of_a_dataclass(app: typer.Typer) -> None:
    words = ["first", "in", "--count", "5", "--kind", "fancy", "--name", "a", "--name", "b"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert CliRunner().invoke(app, ["other", "--flag", "--count", "4"]).exit_code == 0
    assert seen == [
        (Path("in"), Shared(5, Kind.fancy, ["a", "b"])),
        (True, Shared(4, Kind.plain, None)),
    ]


def test_wrong_values_of_shared_options_are_refused(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["other", "--count", "many"]).exit_code == 2
    assert CliRunner().invoke(app, ["other", "--kind", "odd"]).exit_code == 2
    assert not seen


def test_help_has_plain_metavars_and_whole_paragraphs(app: typer.Typer) -> None:
    told = CliRunner().invoke(app, ["first", "--help"], env=WIDE).output
    assert "first [OPTIONS] SOURCE" in told
    assert "Do one thing, of which more is said in a second line." in told
    assert "plain|fancy" in told
    assert "<int>" not in told
    assert "<bool>" not in told


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("predict", "predict [OPTIONS] IN OUT"),
        ("convert pairs", "convert pairs [OPTIONS] IMAGES LABELS OUT"),
        ("evaluate", "evaluate [OPTIONS] PRED REF"),
    ],
)
def test_usage_lines(command: str, usage: str) -> None:
    told = CliRunner().invoke(whole_app, [*command.split(), "--help"], env=WIDE).output
    assert usage in told
    assert "--no-verbose" not in told


@pytest.mark.parametrize("words", [(), ("models",), ("convert",)])
def test_help_of_groups_has_flags_without_a_type(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(whole_app, [*words, "--help"], env=WIDE).output
    assert "Show this message and exit." in told
    assert "<bool>" not in told


def test_phantoms_options_come_in_groups_and_every_command_is_listed() -> None:
    told = CliRunner().invoke(whole_app, ["phantom", "--help"], env=WIDE).output
    assert all(f"─ {group} ─" in told for group in ("Anatomy", "Images", "Labels", "Files"))
    assert "build-default" in CliRunner().invoke(whole_app, ["--help"], env=WIDE).output


def test_paragraphs_stay_apart() -> None:
    def documented() -> None:
        """Head.

        One
        paragraph.

        Another.
        """

    assert flowing(documented) == "Head.\n\nOne paragraph.\n\nAnother."
