"""nnU-Net's three data folders and the place of a dataset in them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

RAW, PREPROCESSED, RESULTS = "nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"
SPLITS_FILE = "splits_final.json"
_MOST_SHOWN = 10


def data_folder(variable: str) -> Path:
    """Returns the folder an nnU-Net environment variable points at.

    Args:
        variable: `nnUNet_raw`, `nnUNet_preprocessed` or `nnUNet_results`.

    Raises:
        ValueError: If the variable is not set.
    """
    value = os.environ.get(variable)
    if not value:
        msg = (
            f"the environment variable {variable} is not set; "
            'run `eval "$(shoulderseg env --root FOLDER)"` to set all of nnU-Net\'s'
        )
        raise ValueError(msg)
    return Path(value)


def dataset_name(dataset: str) -> str:
    """Returns the full name of a dataset given by number or by name.

    Args:
        dataset: A number such as `7`, or `Dataset007_Shoulder`.

    Returns:
        `Dataset007_Shoulder`; a name is returned as it is.

    Raises:
        ValueError: If a number fits none or several datasets under `nnUNet_raw` and
            `nnUNet_preprocessed`.
    """
    if dataset.startswith("Dataset"):
        return dataset
    if not dataset.isdecimal():
        msg = f"dataset is {dataset!r}; expected a number such as 7 or a name DatasetNNN_Name"
        raise ValueError(msg)
    prefix = f"Dataset{int(dataset):03d}_"
    bases = [data_folder(RAW), data_folder(PREPROCESSED)]
    found = sorted({path.name for base in bases for path in base.glob(f"{prefix}*")})
    if len(found) == 1:
        return found[0]
    if found:
        msg = (
            f"expected one dataset {prefix}*, found {', '.join(found)}; give the full name, or "
            "remove one"
        )
        raise ValueError(msg)
    searched = "; ".join(f"{base}, {_describe_contents(base)}" for base in bases)
    msg = f"expected one dataset {prefix}*, found none. Searched: {searched}"
    raise ValueError(msg)


def _describe_contents(folder: Path) -> str:
    """What lies in a folder, in a few words."""
    if not folder.is_dir():
        return "which is no folder"
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    shown = ", ".join(names[:_MOST_SHOWN]) + (", ..." if len(names) > _MOST_SHOWN else "")
    return f"which holds {shown or 'nothing'}"


def adopt_splits(name: str) -> bool:
    """Gives nnU-Net the per-patient folds that a converter wrote beside the raw dataset.

    nnU-Net reads them from the preprocessed dataset and invents per-case folds where it finds
    none.

    Args:
        name: Full dataset name; its preprocessed folder must exist.

    Returns:
        Whether the folds were copied: false where the raw dataset has none, or nnU-Net has them.

    Raises:
        ValueError: If nnU-Net has other folds than the raw dataset.
    """
    raw = os.environ.get(RAW)
    source = Path(raw or ".") / name / SPLITS_FILE
    target = data_folder(PREPROCESSED) / name / SPLITS_FILE
    if not raw or not source.is_file():
        return False
    if target.exists():
        if json.loads(target.read_text()) != json.loads(source.read_text()):
            msg = (
                f"{target} and {source} hold different folds; remove the one that is not wanted. "
                "Models trained with it have seen other patients"
            )
            raise ValueError(msg)
        return False
    shutil.copyfile(source, target)
    return True


def fold_names(name: str) -> list[str]:
    """Returns the folds of a dataset: those of its splits file, or nnU-Net's five."""
    for variable in (RAW, PREPROCESSED):
        path = data_folder(variable) / name / SPLITS_FILE
        if path.is_file():
            return [str(fold) for fold in range(len(json.loads(path.read_text())))]
    return [str(fold) for fold in range(5)]


def file_ending(name: str) -> str:
    """Gives the suffix of a raw dataset's files, as its dataset.json states it.

    Names of cases may hold dots, so it cannot be guessed.

    Args:
        name: Full dataset name.
    """
    described = data_folder(RAW) / name / "dataset.json"
    stated = json.loads(described.read_text(encoding="utf-8")) if described.is_file() else {}
    return str(stated.get("file_ending", ".nii.gz"))


def files_of(folder: Path, ending: str) -> list[Path]:
    """Lists a dataset's files in a folder; hidden ones, as systems put there, are none.

    Args:
        folder: Such as imagesTr.
        ending: As `file_ending` gives it.
    """
    return [
        path
        for path in folder.iterdir()
        if path.name.endswith(ending) and not path.name.startswith(".")
    ]


def is_preprocessed(name: str, plans_file: str, data_identifier: str) -> bool:
    """Tells whether the preprocessed cases are there, all of them, and not older than the raw ones.

    An interrupted preprocessing leaves its plans behind, and a fold `all` then learns from
    whatever cases are there.

    Args:
        name: Full dataset name.
        plans_file: File name of the plans.
        data_identifier: Folder of the preprocessed cases.
    """
    raw, preprocessed = data_folder(RAW) / name, data_folder(PREPROCESSED) / name
    plans = preprocessed / plans_file
    if not plans.is_file():
        return False
    ending = file_ending(name)
    labels = files_of(raw / "labelsTr", ending)
    sources = [*labels, *files_of(raw / "imagesTr", ending)]
    ready = {path.name for path in (preprocessed / data_identifier).glob("*.pkl")}
    complete = bool(labels) and all(
        f"{path.name.removesuffix(ending)}.pkl" in ready for path in labels
    )
    return complete and max(path.stat().st_mtime for path in sources) <= plans.stat().st_mtime
