"""Options that the converters share, and how their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.options import split_list

OutArgument = Annotated[
    Path, typer.Argument(help="Where DatasetNNN_Name goes, usually nnUNet_raw.")
]
MapOption = Annotated[
    list[str],
    typer.Option("--map", help="VALUE=NAME in the label maps, in order: 3=humerus 5=glenoid."),
]
IdOption = Annotated[int, typer.Option(min=1, max=999, help="Number of the dataset.")]
TestOption = Annotated[
    str,
    typer.Option(help="Cases kept for test: names, comma-separated, or how many patients."),
]
FoldsOption = Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")]
SeedOption = Annotated[int, typer.Option(help="For the folds and a random test set.")]
OverwriteOption = Annotated[bool, typer.Option(help="Replace an existing dataset.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Read all, show what would be taken, write nothing.")
]
KeepNamesOption = Annotated[
    bool,
    typer.Option(
        "--keep-source-names",
        help="Name files and folders in conversion.csv instead of hashes of their names.",
    ),
]
AllowMissingOption = Annotated[
    bool,
    typer.Option(
        "--allow-missing",
        help="Take cases in which a structure has no voxel; otherwise they are rejected.",
    ),
]


def read_test_cases(text: str) -> Sequence[str] | int:
    """Reads `--test-cases`: a number, or names."""
    return int(text) if text.isdecimal() else split_list(text)


def parse_label_map(entries: list[str]) -> dict[int, str]:
    """Reads `VALUE=NAME` entries.

    Raises:
        ValueError: if an entry has another form, or a value or name comes twice.
    """
    mapping: dict[int, str] = {}
    for entry in entries:
        value, _, name = entry.partition("=")
        if not value.isdecimal() or int(value) == 0 or not name:
            msg = f"--map is {entry!r}; expected VALUE=NAME with a value above 0, as in 3=humerus"
            raise ValueError(msg)
        if int(value) in mapping or name in mapping.values():
            msg = f"--map {entry!r} repeats a value or name of {mapping}"
            raise ValueError(msg)
        mapping[int(value)] = name
    return mapping


def number_labels(mapping: dict[int, str]) -> dict[str, int]:
    """Gives the structures of a map new numbers, in its order after the background's 0."""
    return {name: value for value, name in enumerate(["background", *mapping.values()])}


def parse_structures(entries: list[str]) -> tuple[dict[str, str], dict[str, int]]:
    """Reads `VALUE=NAME` and `SEGMENT=NAME` entries, of which several may mean one structure.

    Returns:
        Value or segment in small letters to structure; and the structures with their numbers, in
        the order of their first entry. Without entries these are humerus and glenoid.

    Raises:
        ValueError: if an entry has another form, a value or segment comes twice, or no entry names
            a structure.
    """
    keys: dict[str, str] = {}
    for entry in entries:
        key, _, name = entry.partition("=")
        key, name = " ".join(key.split()).casefold(), name.strip()
        if not key or not name or key == "0":
            msg = f"--map is {entry!r}; expected VALUE=NAME or SEGMENT=NAME, as in 3=humerus"
            raise ValueError(msg)
        if key in keys:
            msg = f"--map {entry!r} repeats a value or segment of {keys}"
            raise ValueError(msg)
        keys[key] = name
    names = [name for name in dict.fromkeys(keys.values()) if name != "background"]
    if entries and not names:
        msg = "--map names no structure but background; add one, as in 3=humerus"
        raise ValueError(msg)
    return keys, number_labels(dict(enumerate(names or ["humerus", "glenoid"])))


def read_spacing(text: str) -> tuple[float, float, float]:
    """Reads `--spacing-mm`.

    Raises:
        ValueError: if it does not hold three numbers.
    """
    try:
        z, y, x = (float(item) for item in text.split(","))
    except ValueError:
        msg = f"--spacing-mm is {text!r}, expected three numbers Z,Y,X in mm as in 3.5,0.4,0.4"
        raise ValueError(msg) from None
    return z, y, x
