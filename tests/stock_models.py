"""What a training by stock nnU-Net leaves: a 2d model of three classes that has learned nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from shoulderseg.nnunet_ext.unets import build_unet
from shoulderseg.nnunet_ext.variants import CHECKPOINT
from tests.untrained import DATASET, untrained_plans

MODEL = "nnUNetTrainer__nnUNetPlans__2d"
SEED = 4


def write_stock_model(
    folder: Path,
    *,
    folds: tuple[str, ...] = ("0",),
    plans: Mapping[str, Any] | None = None,
    dataset: Mapping[str, Any] | None = None,
    checkpoint: Mapping[str, Any] | None = None,
) -> Path:
    """Writes a model's folder.

    Args:
        folder: Is made.
        folds: Which folds it has.
        plans: Entries of plans.json that are other than usual.
        dataset: The same for dataset.json.
        checkpoint: The same for the checkpoints.
    """
    folder.mkdir(parents=True)
    planned = untrained_plans()
    # As a planning leaves them.
    planned["configurations"]["3d_fullres"] = {"batch_size": 2}
    (folder / "plans.json").write_text(json.dumps({**planned, **(plans or {})}))
    (folder / "dataset.json").write_text(json.dumps({**DATASET, **(dataset or {})}))
    torch.manual_seed(SEED)
    for fold in folds:
        content = {
            "network_weights": build_unet(untrained_plans(), outputs=3).state_dict(),
            "optimizer_state": None,
            "trainer_name": "nnUNetTrainer",
            "init_args": {"configuration": "2d", "fold": fold, "device": torch.device("cpu")},
            "inference_allowed_mirroring_axes": (0, 1),
        }
        (folder / f"fold_{fold}").mkdir()
        torch.save({**content, **(checkpoint or {})}, folder / f"fold_{fold}" / CHECKPOINT)
    return folder
