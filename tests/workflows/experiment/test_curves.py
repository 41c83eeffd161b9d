"""Learning curves of U-Nets and AlexNets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from shoulderseg.workflows.experiment.curves import learning_curves

FIRST = """
2026-11-29 09:11:19.401507: Epoch 0
2026-11-29 09:11:19.401508: Current learning rate: 0.01
2026-11-29 09:22:41.646084: train_loss 0.2
2026-11-29 09:22:41.647784: val_loss -0.1
2026-11-29 09:22:43.860445: Epoch 1
2026-11-29 09:31:46.373466: train_loss -0.4
2026-11-29 09:31:46.373466: val_loss -0.3
2026-11-29 09:32:43.860445: Epoch 2
2026-11-29 09:33:46.373466: train_loss -0.5
"""
# Goes on from the checkpoint of the first epoch.
SECOND = """
2026-11-29 10:22:43.860445: Epoch 1
2026-11-29 10:31:46.373466: train_loss -0.45
2026-11-29 10:31:46.373466: val_loss -3e-1
"""


def test_an_epoch_that_was_made_twice_counts_once(tmp_path: Path) -> None:
    fold = tmp_path / "nnUNetTrainerShoulderWhole__shoulderSmallPlans__2d" / "fold_3"
    fold.mkdir(parents=True)
    (fold / "training_log_2026_11_29_09_11_00.txt").write_text(FIRST)
    (fold / "training_log_2026_11_29_10_22_00.txt").write_text(SECOND)
    assert learning_curves(tmp_path) == {
        "ShoulderWhole 2d fold 3": [(0, 0.2, -0.1), (1, -0.45, -0.3)]
    }
    assert learning_curves(tmp_path / "nowhere") == {}


def test_logs_are_read_in_the_order_of_their_days(tmp_path: Path) -> None:
    fold = tmp_path / "nnUNetTrainerShoulderWhole__shoulderSmallPlans__2d" / "fold_3"
    fold.mkdir(parents=True)
    # nnU-Net puts no zero before the 9th.
    (fold / "training_log_2026_11_9_09_11_00.txt").write_text(FIRST)
    (fold / "training_log_2026_11_10_10_22_00.txt").write_text(SECOND)
    assert learning_curves(tmp_path) == {
        "ShoulderWhole 2d fold 3": [(0, 0.2, -0.1), (1, -0.45, -0.3)]
    }


def test_alexnets_have_curves_too(tmp_path: Path) -> None:
    epochs = [{"loss": 1.1, "balanced_accuracy": 0.4}, {"loss": 0.8, "balanced_accuracy": 0.7}]
    for folder, training in (("refiner", {"epochs": {"2": epochs}}), ("of_earlier_version", {})):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "refiner.json").write_text(json.dumps({"training": training}))
    [(name, curve)] = learning_curves(tmp_path).items()
    assert name == "AlexNet fold 2"
    np.testing.assert_allclose(curve, [(0, 1.1, 0.6), (1, 0.8, 0.3)])
