"""A bundle of small untrained U-Nets: everything works, and every label map is poor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from shoulderseg.nnunet_ext.bundle import write_unets
from shoulderseg.nnunet_ext.regions import region_dataset_json
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import build_unet
from shoulderseg.nnunet_ext.variants import CHECKPOINT, model_folder
from shoulderseg.workflows.bundles.manifest import write_manifest
from tests.unet_plans import unet_plans

DATASET = {
    "channel_names": {"0": "MR"},
    "labels": {"background": 0, "humerus": 1, "glenoid": 2},
    "numTraining": 1,
    "file_ending": ".nii.gz",
}


def write_untrained(
    folder: Path,
    seed: int = 0,
    *,
    upright: bool = False,
    one_piece: tuple[str, ...] = (),
    crop: bool = False,
    three_planes: bool = False,
) -> None:
    """Writes a bundle with one fold and no edge refiner into an existing folder."""
    plans = untrained_plans()
    torch.manual_seed(seed)
    unets = UNetSet(
        plans=plans,
        dataset_json=DATASET,
        mirroring_axes=None,
        weights={variant: {"0": build_unet(plans).state_dict()} for variant in PARTS},
    )
    write_unets(unets, folder)
    write_manifest(
        folder,
        folds=["0"],
        mirroring_axes=None,
        refiner=None,
        upright=upright,
        one_piece=one_piece,
        crop=crop,
        three_planes=three_planes,
    )


def write_results(results: Path, seed: int = 0, *, synthetic: bool = False) -> None:
    """Writes what nnU-Net would leave of trainings of fold 0, into a folder of results."""
    plans = untrained_plans()
    torch.manual_seed(seed)
    for variant, parts in PARTS.items():
        folder = model_folder(
            results / "Dataset001_Untrained", variant, "nnUNetPlans", synthetic=synthetic
        )
        (folder / "fold_0").mkdir(parents=True, exist_ok=True)
        (folder / "plans.json").write_text(json.dumps(plans))
        (folder / "dataset.json").write_text(json.dumps(region_dataset_json(DATASET, parts)))
        checkpoint = {
            "network_weights": build_unet(plans).state_dict(),
            "inference_allowed_mirroring_axes": (1,),
        }
        torch.save(checkpoint, folder / "fold_0" / CHECKPOINT)


def untrained_plans() -> dict[str, Any]:
    """Plans of slices of 32 x 32 pixels of 2 mm."""
    plans = unet_plans("Dataset001_Untrained", 32, 2.0, [4, 8], convolutions=1)
    plans["configurations"]["2d"] |= {
        "batch_size": 2,
        "median_image_size_in_voxels": [32.0, 32.0],
        "batch_dice": True,
        **_resampling(),
    }
    return plans | {
        "original_median_spacing_after_transp": [4.0, 2.0, 2.0],
        "original_median_shape_after_transp": [4, 32, 32],
        "image_reader_writer": "SimpleITKIO",
        "experiment_planner_used": "ExperimentPlanner",
    }


def _resampling() -> dict[str, Any]:
    resampling: dict[str, Any] = {}
    for kind, is_seg in (("data", False), ("seg", True), ("probabilities", False)):
        resampling[f"resampling_fn_{kind}"] = "resample_data_or_seg_to_shape"
        resampling[f"resampling_fn_{kind}_kwargs"] = {
            "is_seg": is_seg,
            "order": 1,
            "order_z": 0,
            "force_separate_z": None,
        }
    return resampling
