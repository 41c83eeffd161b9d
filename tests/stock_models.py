"""What a training by stock nnU-Net leaves: a 2d model of three classes that has learned nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
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
            "logging": {"ema_fg_dice": [np.float64(0.5)], "train_losses": [np.float32(-0.5)]},
            "_best_ema": np.float64(0.5),
        }
        (folder / f"fold_{fold}").mkdir()
        torch.save({**content, **(checkpoint or {})}, folder / f"fold_{fold}" / CHECKPOINT)
    return folder


def name_scalars_as_numpy_1(checkpoint: Path) -> None:
    """Calls numpy's scalars in a checkpoint as numpy before version 2 did."""
    with zipfile.ZipFile(checkpoint) as content:
        entries = {name: content.read(name) for name in content.namelist()}
    with zipfile.ZipFile(checkpoint, "w") as content:
        for name, data in entries.items():
            now, before = b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"
            content.writestr(name, data.replace(now, before) if name.endswith(".pkl") else data)


def as_planned_before_2_4(
    plans: Mapping[str, Any], network: str = "PlainConvUNet"
) -> dict[str, Any]:
    """The same plans as nnU-Net wrote them before version 2.4: without `architecture`."""
    configuration = dict(plans["configurations"]["2d"])
    kwargs = configuration.pop("architecture")["arch_kwargs"]
    configuration |= {
        "UNet_class_name": network,
        "UNet_base_num_features": kwargs["features_per_stage"][0],
        "unet_max_num_features": max(kwargs["features_per_stage"]),
        "n_conv_per_stage_encoder": kwargs["n_conv_per_stage"],
        "n_conv_per_stage_decoder": kwargs["n_conv_per_stage_decoder"],
        "num_pool_per_axis": [kwargs["n_stages"] - 1] * 2,
        "pool_op_kernel_sizes": kwargs["strides"],
        "conv_kernel_sizes": kwargs["kernel_sizes"],
    }
    return {**plans, "configurations": {"2d": configuration}}
