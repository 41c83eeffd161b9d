"""`shoulderseg inspect`: what is in a folder, and what `predict` would do with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from shoulderseg.cli.failure import WRONG_USE, complain, reported
from shoulderseg.cli.input_options import ParticipantOption
from shoulderseg.cli.options import split_lists
from shoulderseg.cli.terminal import echo, echo_lines

# Of the files that are at fault in a series; `--json` lists them all.
_MOST_SHOWN = 5


def inspect(
    path: Annotated[
        Path,
        typer.Argument(
            help="An image, a folder of images, a DICOM folder tree, a BIDS dataset, or a zip."
        ),
    ],
    participants: ParticipantOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every series and volume with a verdict: use, skip or refuse.

    Volumes are read whole, DICOM series by their headers. Descriptions that hold a word of the
    patient's name or number are not shown. Folders, and DICOM files at fault, are named, here
    alone, so that they can be found; archives may have named them after the patient. Exit code 2:
    there is nothing to use.
    """
    from shoulderseg.workflows.inputs.inspect import inspect_inputs

    with reported():
        entries = inspect_inputs(path, split_lists(participants))
    if as_json:
        echo_lines(json.dumps(entries, indent=2))
    else:
        for entry in entries:
            echo(_verdict_line(entry))
    if not any(entry["verdict"] == "use" for entry in entries):
        complain(f"nothing in {path} can be segmented")
        raise typer.Exit(WRONG_USE)


def _verdict_line(entry: dict[str, Any]) -> str:
    named = entry.get("files", [])
    shown = ", ".join(named[:_MOST_SHOWN]) + (" ..." if len(named) > _MOST_SHOWN else "")
    if entry["verdict"] != "use":
        name = f"{entry['name']} ({shown})" if shown else entry["name"]
        return f"{entry['verdict']:6}  {name}: {entry['reason']}"
    slices, rows, columns = entry["shape"]
    depth, high, wide = entry["spacing_mm"]
    described = entry.get("description", "")
    words = [
        *([f'"{described}"'] if described else []),
        f"{entry['plane']}",
        f"{entry['contrast']}",
        f"{slices} x {rows} x {columns}",
        f"{depth:g} x {high:g} x {wide:g} mm",
        f"side {entry['side']} ({entry['side_from']})",
        *entry["notes"],
        *([f"votes with the others of {entry['examination']}"] if "examination" in entry else []),
        *([f"left out: {shown}"] if shown else []),
        *([f"in {entry['folder']}"] if entry["folder"] != "." else []),
    ]
    return f"use     {entry['name']}: " + ", ".join(words)
