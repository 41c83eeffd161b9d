"""Which commands train stock nnU-Net on a dataset, with the length of this project's trainings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shoulderseg.nnunet_ext.folders import files_of
from shoulderseg.nnunet_ext.trainings import training_state
from shoulderseg.nnunet_ext.variants import CHECKPOINT

TRAINER = "nnUNetTrainerScheduled"


class StockCommands(NamedTuple):
    """Commands of stock nnU-Net.

    Attributes:
        trainings: preprocessing where that is missing, and the folds that are not finished.
        model: the options that name the trained model to `nnUNetv2_predict`.
        checkpoints: the weights of each fold, once it is trained.
    """

    trainings: list[list[str]]
    model: list[str]
    checkpoints: list[Path]


def is_planned(preprocessed: Path, plans_name: str, configuration: str) -> bool:
    """Tells whether nnU-Net's plans have a configuration; none is 3D for data of single slices.

    Args:
        preprocessed: The dataset's folder among the preprocessed ones.
        plans_name: nnU-Net's identifier of the plans.
        configuration: `2d` or `3d_fullres`.

    Raises:
        FileNotFoundError: If the dataset is not planned.
    """
    plans = json.loads((preprocessed / f"{plans_name}.json").read_text(encoding="utf-8"))
    return configuration in plans["configurations"]


def stock_commands(
    preprocessed: Path,
    results: Path,
    configuration: str,
    *,
    plans_name: str,
    folds: Sequence[str],
    device: str,
) -> StockCommands:
    """Lists what is left to do.

    Args:
        preprocessed: The dataset's folder among the preprocessed ones; it is planned.
        results: Its folder among the results; need not exist.
        configuration: `2d` or `3d_fullres`.
        plans_name: nnU-Net's identifier of the plans.
        folds: Numbered folds.
        device: cpu, cuda or mps.
    """
    name = preprocessed.name
    number = str(int(name.removeprefix("Dataset").split("_")[0]))
    commands = []
    plans = json.loads((preprocessed / f"{plans_name}.json").read_text(encoding="utf-8"))
    folder = preprocessed / plans["configurations"][configuration]["data_identifier"]
    chosen = ["-c", configuration, "-plans_name", plans_name]
    described = json.loads((preprocessed / "dataset.json").read_text(encoding="utf-8"))
    # An interrupted preprocessing leaves some cases behind.
    if not folder.is_dir() or len(files_of(folder, ".pkl")) < described["numTraining"]:
        commands.append(["nnUNetv2_preprocess", "-d", number, *chosen, "-np", "1"])
    model = results / f"{TRAINER}__{plans_name}__{configuration}"
    for fold in folds:
        state = training_state(model / f"fold_{fold}")
        if state == "finished":
            continue
        command = ["nnUNetv2_train", name, configuration, fold, "-tr", TRAINER]
        command += ["-p", plans_name, "-device", device]
        commands.append([*command, "--c"] if state == "half-finished" else command)
    options = ["-d", name, "-c", configuration, "-tr", TRAINER, "-p", plans_name]
    return StockCommands(
        commands,
        [*options, "-f", *folds, "-device", device],
        [model / f"fold_{fold}" / CHECKPOINT for fold in folds],
    )
