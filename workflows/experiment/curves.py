"""Learning curves of all trainings, from nnU-Net's logs."""

from __future__ import annotations

import re
from pathlib import Path

_VALUE = re.compile(r"^\S+ \S+ (train_loss|val_loss) (-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*$")
_EPOCH = re.compile(r"^\S+ \S+ Epoch (\d+)\s*$")

# Name of a training to its losses: epoch, training loss, validation loss.
Curves = dict[str, list[tuple[int, float, float]]]


def learning_curves(results: Path) -> Curves:
    """Reads the losses of each training of a dataset.

    Args:
        results: the dataset's folder among nnU-Net's results.

    Returns:
        Losses by trainer, configuration and fold; epochs that were trained twice, after an
        interruption, count once. Empty where nothing was trained.
    """
    curves: Curves = {}
    for fold in sorted(results.glob("nnUNetTrainer*__*__*/fold_*")):
        trainer, _, configuration = fold.parent.name.removeprefix("nnUNetTrainer").split("__")
        losses: dict[int, dict[str, float]] = {}
        epoch = 0
        for log in sorted(fold.glob("training_log_*.txt")):
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
    return curves
