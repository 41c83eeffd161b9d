"""The documentation: its links lead somewhere, and the commands and options in it exist."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from shoulderseg.cli.app import app

ROOT = Path(__file__).parent.parent
README_LINES = 120
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/**/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+(?:\([^()]*\))?)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9_-]*")
# Of other programs, named where the text speaks of these.
FOREIGN = {
    "--find-links",
    "--no-index",
    "--save_probabilities",
    "--statistics",
    "--wheel-dir",
    "--check",
    "--array",
    "--cpus-per-task",
    "--ntasks",
    # Of Dask.
    "--memory-limit",
    "--no-dashboard",
    "--nthreads",
    "--port",
    "--resources",
    "--scheduler-file",
}
WORDS_BEFORE = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?shoulderseg\s+(.*)$")


def slugs(text: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"(?m)^#{1,6} +(.+?) *$", without_code(text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 1
        unique = slug
        while unique in found:
            unique, number = f"{slug}-{number}", number + 1
        found.add(unique)
    return found


def without_code(text: str) -> str:
    """The text without blocks between fences."""
    return re.sub(r"(?ms)^```.*?^```", "", text)


def dead_links(page: Path, text: str) -> list[str]:
    """Links of a page that lead to no file, or to no heading of one."""
    dead = []
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (
            anchor and anchor not in slugs(text if file == page else file.read_text())
        ):
            dead.append(target)
    return dead


@cache
def commands() -> dict[tuple[str, ...], set[str]]:
    """The options of each command, by its words."""
    found: dict[tuple[str, ...], set[str]] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:  # noqa: ANN401
        options = {"--help"}
        for parameter in command.params:
            options |= {*parameter.opts, *parameter.secondary_opts}
        found[words] = {option for option in options if option.startswith("--")}
        for name, child in getattr(command, "commands", {}).items():
            walk(child, (*words, name))

    walk(typer.main.get_command(app), ())
    return found


def shell_lines(text: str) -> list[str]:
    """Lines of code blocks, indented or fenced, and code within sentences."""
    fenced = "\n".join(re.findall(r"(?ms)^```(?:sh|bash|console)?\n(.*?)^```", text))
    indented = re.findall(r"(?m)^ {4}(\S.*)$", without_code(text))
    quoted = [" ".join(code.split()) for code in re.findall(r"(?s)`([^`]+)`", without_code(text))]
    parts = [re.split(r"&&|\$\(|;", line) for line in [*fenced.splitlines(), *indented, *quoted]]
    return [part.strip().rstrip(')"') for line in parts for part in line]


def wrong_command_lines(text: str) -> list[str]:
    """Lines that call a command or an option which does not exist."""
    wrong = []
    for line in shell_lines(text):
        match = WORDS_BEFORE.match(line)
        if match is None:
            continue
        words = [w for w in shlex.split(match[1], comments=True, posix=False) if w]
        path: tuple[str, ...] = ()
        while len(path) < len(words) and (*path, words[len(path)]) in commands():
            path = (*path, words[len(path)])
        # A group takes no words of its own, and so an unknown one is no argument.
        is_group = any(other[: len(path)] == path != other for other in commands())
        rest = words[len(path) :]
        unknown = is_group and rest and re.fullmatch(r"[a-z][a-z-]*", rest[0])
        options = {word.split("=")[0] for word in rest if word.startswith("--")}
        if unknown or options - commands()[path]:
            wrong.append(line)
    return wrong


def unknown_options(text: str, known: set[str]) -> set[str]:
    """Options in code within the text that neither a command nor a benchmark has."""
    code = " ".join(shell_lines(text))
    return set(OPTION.findall(code)) - known - FOREIGN


@cache
def known_options() -> set[str]:
    """Options of all commands, and of the benchmarks."""
    own = set().union(*commands().values())
    for path in ROOT.glob("benchmarks/*.py"):
        own |= set(re.findall(r'add_argument\(\s*"(--[a-z0-9-]+)"', path.read_text()))
    return own


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_commands_and_options_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert wrong_command_lines(text) == []
    assert unknown_options(text, known_options()) == set()


def test_readme_is_short_and_shows_a_picture() -> None:
    text = (ROOT / "README.md").read_text()
    lines = text.splitlines()
    assert len(lines) <= README_LINES
    assert any(line.startswith("![") for line in lines[:20])
    assert "Research use only" in text


def test_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    table = text[text.index("## Commands") : text.index("## Documentation")]
    named = {words[0] for words in commands() if len(words) == 1}
    missing = sorted(name for name in named if f"`{name}`" not in table)
    assert missing == []


def test_each_page_of_docs_is_linked_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    missing = [p.name for p in ROOT.glob("docs/*.md") if f"(docs/{p.name}" not in text]
    assert missing == []


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("[a](CONTRIBUTING.md)", []),
        ("[a](no-such-page.md)", ["no-such-page.md"]),
        ("# One two\n[a](#one-two) [b](#three)", ["#three"]),
        ("[a](CONTRIBUTING.md#no-such-heading)", ["CONTRIBUTING.md#no-such-heading"]),
        ("[a](https://example.org/x#y)", []),
    ],
)
def test_a_dead_link_is_found(text: str, dead: list[str]) -> None:
    assert dead_links(ROOT / "README.md", text) == dead


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("    shoulderseg predict in/ out/ --format nii.gz", 0),
        ("    shoulderseg predict in/ out/ --fromat nii.gz", 1),
        ("    shoulderseg segment in/ out/", 1),
        ("    shoulderseg plan 1 && shoulderseg trian 1", 1),
        ("Use `shoulderseg models purge` for that.", 1),
        ('    eval "$(shoulderseg env --root data)"', 0),
        ("```\nshoulderseg evaluate a b --cvs x\n```", 1),
    ],
)
def test_a_wrong_command_line_is_found(text: str, count: int) -> None:
    assert len(wrong_command_lines(text)) == count


def test_an_unknown_option_within_a_sentence_is_found() -> None:
    assert unknown_options("Give `--no-such-thing`.", known_options()) == {"--no-such-thing"}
