"""The hidden folder in which a dataset grows, so that an interrupted conversion can go on.

`.DatasetNNN_Name.converting` lies beside the dataset it will become: `settings.json` says what the
cases were made with, `done/CASE.json` is written after the files of a case and says what they were
made from and what is in them, `dataset/` holds the files. An older dataset is moved to
`.DatasetNNN_Name.replaced` and deleted when the new one is in its place.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shoulderseg.datasets.converters.target import SOURCES_NAME, replaced_folder
from shoulderseg.datasets.csv_file import write_csv
from shoulderseg.datasets.nnunet_raw import FILE_ENDING, dataset_folder_name, write_json
from shoulderseg.datasets.output_file import make_folder, refuse_links
from shoulderseg.datasets.unfinished import sweep_unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from shoulderseg.datasets.nnunet_raw import DatasetSpec


@dataclass(frozen=True)
class WorkFolder:
    """A dataset that is being made.

    Attributes:
        root: The hidden folder.
        target: The dataset folder that it becomes.
    """

    root: Path
    target: Path

    @property
    def dataset(self) -> Path:
        """The growing dataset."""
        return self.root / "dataset"

    @property
    def removed(self) -> Path:
        """What was in its place before, on its way out."""
        return self.root / "removed"


def open_work(out: Path, spec: DatasetSpec, settings: Mapping[str, Any]) -> WorkFolder:
    """Makes the working folder, or takes up one that was left with the same settings.

    A dataset that a killed run had moved away is put back.

    Args:
        out: Folder that the dataset folder goes to; made if missing.
        spec: The dataset.
        settings: All that the files of a case depend on besides its source files.

    Returns:
        The folder. What was made with other settings is gone from it.

    Raises:
        ValueError: If it is a link.
        OSError: If it cannot be written to.
    """
    name = dataset_folder_name(spec)
    work = WorkFolder(out / f".{name}.converting", out / name)
    refuse_links(work.root, out)
    older = replaced_folder(work.target)
    if older.exists() and not work.target.exists():
        older.replace(work.target)
    made_with = {
        "shoulderseg": version("shoulderseg"),
        "labels": dict(spec.labels),
        **settings,
    }
    wanted = json.loads(json.dumps(made_with))
    if work.root.exists() and read_json(work.root / "settings.json") != wanted:
        shutil.rmtree(work.root)
    shutil.rmtree(work.removed, ignore_errors=True)
    make_folder(work.root / "done", out)
    make_folder(work.dataset, out)
    sweep_unfinished(work.dataset, alone=True)
    write_json(work.root / "settings.json", wanted)
    # A run may have stopped after it had told the test cases apart.
    _move(work, work.dataset.glob(f"imagesTs/*{FILE_ENDING}"), "Tr")
    return work


def separate_tests(work: WorkFolder, cases: Iterable[str], tests: Iterable[str]) -> None:
    """Leaves the files of the cases alone in the dataset, those for test apart.

    Files of cases that are not among `cases`, because an earlier run had more, are removed.

    Args:
        work: The working folder.
        cases: Names of all cases of the dataset.
        tests: Names of those for test.

    Raises:
        OSError: If a file cannot be moved.
    """
    # After `open_work` nothing of a case is here but halves that a killed run left.
    for kind in ("images", "labels"):
        shutil.rmtree(work.dataset / f"{kind}Ts", ignore_errors=True)
    wanted = {path for case in cases for path in paths_of(work, case, "Tr")}
    for path in [*work.dataset.glob("imagesTr/*"), *work.dataset.glob("labelsTr/*")]:
        if path not in wanted:
            path.unlink()
    _move(work, [paths_of(work, case, "Tr")[0] for case in sorted(tests)], "Ts")


def finish(work: WorkFolder, sources: Mapping[str, str]) -> None:
    """Turns the growing dataset into the dataset, in place of an older one.

    Args:
        work: The working folder, gone afterwards.
        sources: Case to source, for `conversion.csv`.

    Raises:
        OSError: If a file cannot be written or moved.
    """
    write_csv(work.dataset / SOURCES_NAME, [("case", "source"), *sorted(sources.items())])
    # Not into the working folder: that one is deleted when settings change.
    older = replaced_folder(work.target)
    if work.target.exists():
        work.target.replace(older)
    work.dataset.replace(work.target)
    if older.exists():
        older.replace(work.removed)
    shutil.rmtree(work.root)


def paths_of(work: WorkFolder, case: str, part: str) -> tuple[Path, Path]:
    """Gives the image and the label map of a case in the part `Tr` or `Ts`."""
    image = work.dataset / f"images{part}" / f"{case}_0000{FILE_ENDING}"
    return image, work.dataset / f"labels{part}" / f"{case}{FILE_ENDING}"


def _move(work: WorkFolder, images: Iterable[Path], part: str) -> None:
    other = "Ts" if part == "Tr" else "Tr"
    for image in list(images):
        case = image.name.removesuffix(f"_0000{FILE_ENDING}")
        # The image goes last: as long as it is there, the case is known to be on the way.
        moves = zip(paths_of(work, case, other), paths_of(work, case, part), strict=True)
        for before, after in reversed(list(moves)):
            after.parent.mkdir(exist_ok=True)
            if before.exists():
                before.replace(after)
    for kind in ("images", "labels"):
        folder = work.dataset / f"{kind}{other}"
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def read_json(path: Path) -> Any:  # noqa: ANN401
    """Reads JSON; None if the file is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
