"""`shoulderseg inspect`: what is in a folder, and what `predict` would do with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import WRONG_USE, complain, reported
from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.inputs.zip_archive import unpacked

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.discover import CaseInput

# Of the files that are at fault in a series; `--json` lists them all.
_MOST_SHOWN = 5


def inspect(
    path: Annotated[
        Path, typer.Argument(help="An image, a folder of images, a DICOM folder tree, or a zip.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every series and volume with a verdict: use, skip or refuse.

    Volumes are read whole, DICOM series by their headers. Descriptions that hold a word of the
    patient's name or number are not shown. DICOM files at fault are named, here alone, so that they
    can be found; archives may have named them after the patient. Exit code 2: there is nothing to
    use.
    """
    from shoulderseg.datasets.files import image_suffix

    with reported(), unpacked(path) as folder:
        inputs = find_inputs(folder)
        entries = [_entry(case) for case in inputs.cases]
        entries += [
            {
                "name": item.name,
                "verdict": _word(refused=item.refused),
                "reason": item.reason,
                **_files(item.files),
            }
            for item in inputs.skipped
        ]
        for name in inputs.ignored:
            reason = "in a sub-folder; give that folder" if image_suffix(Path(name)) else "no image"
            entries.append({"name": name, "verdict": "skip", "reason": reason})
    if as_json:
        typer.echo(json.dumps(entries, indent=2))
    else:
        for entry in entries:
            typer.echo(_line(entry))
    if not any(entry["verdict"] == "use" for entry in entries):
        complain(f"nothing in {path} can be segmented")
        raise typer.Exit(WRONG_USE)


def _entry(case: CaseInput) -> dict[str, Any]:
    """What a case is, or why it cannot be read after all."""
    if case.about:
        found = {"name": case.name, "verdict": "use", "reason": "", **case.about}
        return found | _files(case.faulty)
    try:
        volume = case.load()
    except (ValueError, OSError, MemoryError) as error:
        reason = str(error).removeprefix(f"{case.path.name}: ") or type(error).__name__
        return {"name": case.path.name, "verdict": "refuse", "reason": reason}
    from shoulderseg.datasets.dicom.description import plane_of
    from shoulderseg.datasets.orientation import find_reorientation

    turn = find_reorientation(volume)
    normal = [volume.direction[3 * row + 2 - turn.order[0]] for row in range(3)]
    return {
        "name": case.name,
        "verdict": "use",
        "reason": "",
        "plane": plane_of(normal),
        "contrast": "not stated",
        "shape": list(volume.array.shape),
        "spacing_mm": [round(step, 4) for step in volume.spacing_mm],
        "side": "unknown",
        "side_from": "the format does not say it",
        "notes": [],
    }


def _files(paths: Sequence[Path]) -> dict[str, list[str]]:
    from shoulderseg.datasets.files import shown_name

    return {"files": [shown_name(path) for path in paths]} if paths else {}


def _word(*, refused: bool) -> str:
    return "refuse" if refused else "skip"


def _line(entry: dict[str, Any]) -> str:
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
        *([f"left out: {shown}"] if shown else []),
    ]
    return f"use     {entry['name']}: " + ", ".join(words)
