"""Which folder each case came from, in a file that is as private as the input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput

NOTICE = (
    "# As private as the input: names of folders and files may be those of patients. "
    "Do not pass it on with the results."
)


def source_folder(case: CaseInput, root: Path) -> str:
    """Gives the folder of a case below what the user named; `.` for that folder itself.

    Args:
        case: the case.
        root: what was searched.
    """
    base = root if root.is_dir() else root.parent
    folders = dict.fromkeys(path.parent for path in (*case.source_files, case.path))
    shown = (
        folder.relative_to(base) if folder.is_relative_to(base) else folder for folder in folders
    )
    return "; ".join(folder.as_posix() for folder in shown)


def write_sources(path: Path, cases: Sequence[CaseInput], root: Path, out: Path) -> None:
    """Writes a table of the cases and where each came from.

    Args:
        path: the file; an existing one is replaced.
        cases: the cases.
        root: what was searched.
        out: folder of the results, which the table must not lie in.

    Raises:
        ValueError: if the file would lie among the results.
        OSError: if it cannot be written.
    """
    from shoulderseg.datasets.csv_file import csv_text
    from shoulderseg.datasets.files import shown_name
    from shoulderseg.datasets.output_file import write_text

    if path.resolve().is_relative_to(out.resolve()):
        msg = (
            f"{path} lies among the results, which may be passed on, and would hold names of "
            "folders and files; choose a place outside of the folder of the results"
        )
        raise ValueError(msg)
    rows: list[list[object]] = [["case", "folder", "first_file", "files"]]
    for case in cases:
        files = dict.fromkeys(case.source_files or (case.path,))
        folder = source_folder(case, root)
        rows.append([case.name, folder, shown_name(case.path), len(files)])
    write_text(path, f"{NOTICE}\n{csv_text(rows)}", private=True)
