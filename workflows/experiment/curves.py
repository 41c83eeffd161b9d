"""Learning curves: of the U-Nets from nnU-Net's logs, of the AlexNets from what describes them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from shoulderseg.workflows.refiner.files import DESCRIPTION_FILE

_VALUE = re.compile(r"^\S+ \S+ (train_loss|val_loss) (-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*$")
_EPOCH = re.compile(r"^\S+ \S+ Epoch (\d+)\s*$")

# Name of a training to its losses: epoch, training loss, validation loss (of an AlexNet one minus
# the balanced accuracy, which falls as a loss does).
Curves = dict[str, list[tuple[int, float, float]]]


def learning_curves(results: Path) -> Curves:
    """Reads the losses of each training of a dataset.

    Args:
        results: the dataset's folder among nnU-Net's results.

    Returns:
        Losses by trainer, configuration and fold; epochs that were trained twice, after an
        interruption, count once. Empty where nothing was trained.

    Raises:
        KeyError: if the description of the AlexNets is another file.
        ValueError: if it is no JSON.
    """
    curves: Curves = {}
    for fold in sorted(results.glob("nnUNetTrainer*__*__*/fold_*")):
        trainer, _, configuration = fold.parent.name.removeprefix("nnUNetTrainer").split("__")
        losses: dict[int, dict[str, float]] = {}
        epoch = 0
        for log in sorted(fold.glob("training_log_*.txt"), key=_begun):
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
                if begun := _EPOCH.match(line):
                    epoch = int(begun[1])
                elif said := _VALUE.match(line):
                    losses.setdefault(epoch, {})[said[1]] = float(said[2])
        name = f"{trainer} {configuration} {fold.name.replace('_', ' ')}"
        curves[name] = [
            (number, both["train_loss"], both["val_loss"])
            for number, both in sorted(losses.items())
            if len(both) == 2
        ]
    return curves | _alexnet_curves(results)


def _begun(log: Path) -> list[int]:
    """When a log was begun: nnU-Net puts no zeros before months and days."""
    return [int(number) for number in re.findall(r"\d+", log.name)]


def _alexnet_curves(results: Path) -> Curves:
    curves: Curves = {}
    for path in sorted(results.glob(f"*/{DESCRIPTION_FILE}")):
        training = json.loads(path.read_text(encoding="utf-8"))["training"]
        # Descriptions of earlier versions have no epochs.
        for fold, epochs in training.get("epochs", {}).items():
            curves[f"AlexNet fold {fold}"] = [
                (number, one["loss"], 1 - one["balanced_accuracy"])
                for number, one in enumerate(epochs)
            ]
    return curves
