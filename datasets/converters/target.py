"""The dataset folder that a converter writes: what may lie there before, and what a run reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoulderseg.datasets.case_patients import PATIENTS_FILE
from shoulderseg.datasets.csv_file import bare_cell, read_csv
from shoulderseg.datasets.nnunet_raw import dataset_folder_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from shoulderseg.datasets.converters.source import Rejected
    from shoulderseg.datasets.nnunet_raw import DatasetSpec

SOURCES_NAME = "conversion.csv"
_OWN_ENTRIES = frozenset(
    {"imagesTr", "labelsTr", "imagesTs", "labelsTs", "dataset.json", "splits_final.json"}
    | {SOURCES_NAME, PATIENTS_FILE}
)


def replaced_folder(target: Path) -> Path:
    """Gives the place where an older dataset lies until the new one is in its place."""
    return target.with_name(f".{target.name}.replaced")


class ConversionError(ValueError):
    """A dataset was not written.

    Attributes:
        problems: Every reason, each naming its file.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        listed = "".join(f"\n- {problem}" for problem in problems)
        super().__init__(f"Nothing was written. Problems found: {len(problems)}.{listed}")
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ConversionReport:
    """What was written.

    Attributes:
        folder: The dataset folder.
        training_cases: Names of the training cases, sorted.
        test_cases: Names of the test cases, sorted.
        training_patients: Number of patients trained on.
        folds: Number of folds.
        rejected: What was not taken, in the order met.
    """

    folder: Path
    training_cases: tuple[str, ...]
    test_cases: tuple[str, ...]
    training_patients: int
    folds: int
    rejected: tuple[Rejected, ...] = ()


def earlier_sources(out: Path, spec: DatasetSpec) -> dict[str, str]:
    """Tells where the cases of the dataset come from that is there already.

    Args:
        out: Folder that the dataset folder goes to.
        spec: The dataset.

    Returns:
        Case to source, as `conversion.csv` has them; empty if there is none that can be read.
    """
    folder = out / dataset_folder_name(spec)
    for there in (folder, replaced_folder(folder)):
        try:
            rows = read_csv(there / SOURCES_NAME)
        except (OSError, ValueError):
            continue
        return {bare_cell(row[0]): bare_cell(row[1]) for row in rows[1:] if len(row) > 1}
    return {}


def check_target(
    out: Path, sources: Iterable[Path], spec: DatasetSpec, *, overwrite: bool
) -> list[str]:
    """Looks for what forbids writing a dataset.

    Args:
        out: Folder that the dataset folder goes to.
        sources: Folders that are read from.
        spec: The dataset.
        overwrite: Whether an existing dataset may be replaced.

    Returns:
        One finding per obstacle; empty if the dataset may be written.
    """
    folder = out / dataset_folder_name(spec)
    problems = [
        f"folder {other.name}: it has the dataset number {spec.dataset_id} too. Choose another."
        for other in sorted(out.glob(f"Dataset{spec.dataset_id:03d}_*"))
        if other.name != folder.name
    ]
    older = replaced_folder(folder)
    if older.exists() and folder.exists():
        problems.append(
            f"folder {older.name}: an interrupted run left an older dataset here while "
            f"{folder.name} is there. Delete one of them or move it away."
        )
    # A run that was killed while it replaced it; `open_work` puts it back.
    there = older if older.exists() and not folder.exists() else folder
    entries = {entry.name for entry in there.iterdir()} if there.is_dir() else set()
    if entries and not overwrite:
        advice = "Choose another --dataset-id, or give --overwrite."
        problems.append(f"folder {there.name}: it is not empty. {advice}")
    if overwrite and entries - _OWN_ENTRIES:
        others = ", ".join(sorted(entries - _OWN_ENTRIES)[:10])
        problems.append(f"folder {there.name}: it also holds {others}. Move them away.")
    problems.extend(
        f"folder {source.name}: it lies in the dataset folder that would be written."
        for source in sources
        if source.resolve().is_relative_to(folder.resolve())
    )
    return problems
