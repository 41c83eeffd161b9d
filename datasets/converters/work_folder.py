"""The hidden folder in which a dataset grows, so that an interrupted conversion can go on.

`.DatasetNNN_Name.converting` lies beside the dataset it will become: `settings.json` says what the
cases were made with, `done/CASE.json` is written after the files of a case and says what they were
made from, `dataset/` holds the files.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shoulderseg.datasets.converters.examined import Examined
from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.converters.target import SOURCES_NAME
from shoulderseg.datasets.nnunet_raw import FILE_ENDING, dataset_folder_name, write_case, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from shoulderseg.datasets.converters.source import Labelled, SourceCase
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


def open_work(out: Path, spec: DatasetSpec, settings: Mapping[str, Any]) -> WorkFolder:
    """Make the working folder, or take up one that was left with the same settings.

    Args:
        out: Folder that the dataset folder goes to; made if missing.
        spec: The dataset.
        settings: All that the files of a case depend on besides its source files.

    Returns:
        The folder. What was made with other settings is gone from it.

    Raises:
        OSError: If it cannot be written to.
    """
    name = dataset_folder_name(spec)
    work = WorkFolder(out / f".{name}.converting", out / name)
    made_with = {
        "shoulderseg": version("shoulderseg"),
        "labels": dict(spec.labels),
        **settings,
    }
    wanted = json.loads(json.dumps(made_with))
    if work.root.exists() and _json(work.root / "settings.json") != wanted:
        shutil.rmtree(work.root)
    (work.root / "done").mkdir(parents=True, exist_ok=True)
    work.dataset.mkdir(exist_ok=True)
    write_json(work.root / "settings.json", wanted)
    # A run may have stopped after it had told the test cases apart.
    _move(work, work.dataset.glob(f"imagesTs/*{FILE_ENDING}"), "Tr")
    return work


def recall(work: WorkFolder, case: SourceCase) -> Examined | Rejected | None:
    """Tell what became of a case in an earlier run.

    Args:
        work: The working folder.
        case: The case.

    Returns:
        What was written, or that there was nothing to take; None if the case is still to be made,
        its source files have changed or its files are gone.
    """
    record = _json(work.root / "done" / f"{case.name}.json")
    if not isinstance(record, dict) or record.get("stamp") != _stamp(case):
        return None
    if "nothing" in record:
        return Rejected(case.name, case.source, record["nothing"], fault=False)
    if not all(path.is_file() for path in _paths(work, case.name, "Tr")):
        return None
    found = record["case"]
    return Examined(
        name=case.name,
        patient=case.patient,
        source=case.source,
        shape=tuple(found["shape"]),
        spacing_mm=tuple(found["spacing_mm"]),
        voxels=found["voxels"],
        digest=found["digest"],
    )


def keep_case(work: WorkFolder, case: SourceCase, found: Examined, loaded: Labelled) -> None:
    """Write the files of a case, and then that they are there.

    Raises:
        ValueError: As `write_case`.
        OSError: If a file cannot be written.
    """
    write_case(work.dataset, case.name, loaded.image, loaded.label_map)
    _note(work, case, {"case": asdict(found)})


def keep_nothing(work: WorkFolder, case: SourceCase, rejected: Rejected) -> None:
    """Remember that a case shows nothing of use, so that it is not read again.

    Raises:
        OSError: If the file cannot be written.
    """
    _note(work, case, {"nothing": rejected.reason})


def separate_tests(work: WorkFolder, cases: Iterable[str], tests: Iterable[str]) -> None:
    """Leave the files of the cases alone in the dataset, those for test apart.

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
    wanted = {path for case in cases for path in _paths(work, case, "Tr")}
    for path in [*work.dataset.glob("imagesTr/*"), *work.dataset.glob("labelsTr/*")]:
        if path not in wanted:
            path.unlink()
    _move(work, [_paths(work, case, "Tr")[0] for case in sorted(tests)], "Ts")


def finish(work: WorkFolder, sources: Mapping[str, str]) -> None:
    """Turn the growing dataset into the dataset, in place of an older one.

    Args:
        work: The working folder, gone afterwards.
        sources: Case to source, for `conversion.csv`.

    Raises:
        OSError: If a file cannot be written or moved.
    """
    with (work.dataset / SOURCES_NAME).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["case", "source"])
        writer.writerows(sorted(sources.items()))
    if work.target.exists():
        work.target.replace(work.root / "replaced")
    work.dataset.replace(work.target)
    shutil.rmtree(work.root)


def _paths(work: WorkFolder, case: str, part: str) -> tuple[Path, Path]:
    image = work.dataset / f"images{part}" / f"{case}_0000{FILE_ENDING}"
    return image, work.dataset / f"labels{part}" / f"{case}{FILE_ENDING}"


def _move(work: WorkFolder, images: Iterable[Path], part: str) -> None:
    other = "Ts" if part == "Tr" else "Tr"
    for image in list(images):
        case = image.name.removesuffix(f"_0000{FILE_ENDING}")
        # The image goes last: as long as it is there, the case is known to be on the way.
        moves = zip(_paths(work, case, other), _paths(work, case, part), strict=True)
        for before, after in reversed(list(moves)):
            after.parent.mkdir(exist_ok=True)
            if before.exists():
                before.replace(after)
    for kind in ("images", "labels"):
        folder = work.dataset / f"{kind}{other}"
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _note(work: WorkFolder, case: SourceCase, record: dict[str, Any]) -> None:
    write_json(work.root / "done" / f"{case.name}.json", {"stamp": _stamp(case), **record})


def _stamp(case: SourceCase) -> str:
    """Hash of what the source files of a case are called, their sizes and times of change."""
    facts = []
    for file in case.files:
        try:
            status = file.stat()
        except OSError:
            # A mask may be missing; should it appear, the stamp is another.
            facts.append(f"{file} missing")
        else:
            facts.append(f"{file} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join([case.source, *facts]).encode()).hexdigest()


def _json(path: Path) -> Any:  # noqa: ANN401
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
