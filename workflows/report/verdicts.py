"""Verdicts of people, as the report page saves them and other commands read them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import SafeLoader

# As the page writes it; SCT calls its list of label maps so, too.
_EXAMPLE = 'FILES_SEG: ["case_1", "case_2"]'
_MOST_BYTES = 20_000_000
VERDICTS = ("pass", "fail", "artefact")
_OTHER_WORDS = {"artifact": "artefact"}
# Results that nothing should be learned from.
BAD = frozenset({"fail", "artefact"})


def read_case_list(path: Path) -> frozenset[str]:
    """Reads a list of cases such as `qc_fail.yml`.

    Args:
        path: YAML, with a list or with lists under any keys. Entries are names of cases, or paths
            of their files.

    Returns:
        The names; of a path its text too, and the name of the case in it. Empty for empty lists.

    Raises:
        ValueError: if it is no such file.
        OSError: if it cannot be read.
    """
    import yaml

    try:
        content = yaml.load(_text(path), Loader=_loader())
    except yaml.YAMLError as error:
        msg = f"{path.name} is no YAML; expected a list of cases such as {_EXAMPLE}"
        raise ValueError(msg) from error
    lists = list(content.values()) if isinstance(content, dict) else [content]
    entries = [entry for one in lists for entry in (one if isinstance(one, list) else [one])]
    wrong = [entry for entry in entries if not isinstance(entry, str) or not entry]
    if wrong or not lists or not all(isinstance(one, list) for one in lists):
        msg = f"{path.name} holds no list of cases; expected one such as {_EXAMPLE}"
        raise ValueError(msg)
    return frozenset(name for entry in entries for name in _names(entry))


def _loader() -> type[SafeLoader]:
    """A safe loader for which all scalars are text: 0012 is a name and no number."""
    import yaml

    class TextLoader(yaml.SafeLoader):
        yaml_implicit_resolvers = {}  # noqa: RUF012 - as the base class has it

    return TextLoader


def read_verdicts(path: Path) -> dict[str, str]:
    """Reads the verdicts of a `qc.csv`, also of one that a spreadsheet or a person has changed.

    Args:
        path: a table with the columns case and verdict; others do not matter. Between its cells
            are commas, semicolons or tabs. Capitals, and spaces around a verdict, do not count;
            `artifact` is artefact.

    Returns:
        `pass`, `fail` or `artefact` for each case that has a verdict.

    Raises:
        ValueError: if it is no such table, a verdict is none of these, or two lines of a case have
            different ones.
        OSError: if it cannot be read.
    """
    from shoulderseg.datasets.csv_file import bare_cell

    heads, rows = _verdict_table(path)
    case, verdict = heads.index("case"), heads.index("verdict")
    words: dict[str, dict[str, None]] = {}
    for row in rows:
        word = row[verdict].strip() if len(row) > max(case, verdict) else ""
        if word:
            shown = _OTHER_WORDS.get(word.casefold(), word.casefold())
            words.setdefault(bare_cell(row[case]), {})[shown if shown in VERDICTS else word] = None
    unknown = sorted({word for told in words.values() for word in told} - set(VERDICTS))
    if unknown:
        msg = f"{path.name}: found verdicts {unknown}, expected {', '.join(VERDICTS)}"
        raise ValueError(msg)
    differing = [f"{name} ({', '.join(told)})" for name, told in words.items() if len(told) > 1]
    if differing:
        msg = (
            f"{path.name}: lines of one case differ: {'; '.join(differing[:5])}"
            f"{' ...' if len(differing) > 5 else ''}; expected one of each case"
        )
        raise ValueError(msg)
    return {name: verdict for name, told in words.items() for verdict in told}


def _verdict_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Headings and rows; spreadsheets put semicolons where a comma parts decimals.

    Raises:
        ValueError: if it has no such columns.
        OSError: if it cannot be read.
    """
    import csv

    from shoulderseg.datasets.csv_file import read_csv

    first: list[str] = []
    for separator in ",;\t":
        if separator == ",":
            rows = read_csv(path)
        else:
            with path.open(newline="", encoding="utf-8-sig") as stream:
                rows = list(csv.reader(stream, delimiter=separator))
        heads = [head.strip().casefold() for head in rows[0]] if rows else []
        first = first or heads
        if "case" in heads and "verdict" in heads:
            return heads, rows[1:]
    msg = f"{path.name}: found columns {first}, expected case and verdict, as the page saves"
    raise ValueError(msg)


def bad_cases(path: Path | None) -> frozenset[str]:
    """Gives the cases that a `qc.csv` calls fail or artefact; none where there is no file."""
    if path is None:
        return frozenset()
    return frozenset(case for case, verdict in read_verdicts(path).items() if verdict in BAD)


def _text(path: Path) -> str:
    if path.stat().st_size > _MOST_BYTES:
        msg = f"{path.name} has {path.stat().st_size} bytes; expected a list of cases"
        raise ValueError(msg)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        msg = f"{path.name} is no text in UTF-8; expected a list of cases such as {_EXAMPLE}"
        raise ValueError(msg) from None


def _names(entry: str) -> Iterable[Any]:
    from shoulderseg.datasets.files import case_name

    yield entry
    try:
        yield case_name(Path(entry))
    except ValueError:
        return
