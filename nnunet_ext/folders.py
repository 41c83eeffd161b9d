"""nnU-Net's three data folders and the place of a dataset in them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

RAW, PREPROCESSED, RESULTS = "nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"
SPLITS_FILE = "splits_final.json"


def data_folder(variable: str) -> Path:
    """The folder an nnU-Net environment variable points at.

    Args:
        variable: `nnUNet_raw`, `nnUNet_preprocessed` or `nnUNet_results`.

    Raises:
        ValueError: if the variable is not set.
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
    """Full name of a dataset given by number or by name.

    Args:
        dataset: a number such as `7`, or `Dataset007_Shoulder`.

    Returns:
        `Dataset007_Shoulder`; a name is returned as it is.

    Raises:
        ValueError: if a number fits none or several datasets under `nnUNet_raw` and
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
    if len(found) != 1:
        msg = f"expected one dataset {prefix}* under nnU-Net's folders, found {found or 'none'}"
        raise ValueError(msg)
    return found[0]


def adopt_splits(name: str) -> bool:
    """Gives nnU-Net the per-patient folds that a converter wrote beside the raw dataset.

    nnU-Net reads them from the preprocessed dataset and invents per-case folds where it finds
    none.

    Args:
        name: full dataset name; its preprocessed folder must exist.

    Returns:
        Whether the folds were copied: false where there are none, or nnU-Net has some already.
    """
    source = data_folder(RAW) / name / SPLITS_FILE
    target = data_folder(PREPROCESSED) / name / SPLITS_FILE
    if target.exists() or not source.is_file():
        return False
    shutil.copyfile(source, target)
    return True
