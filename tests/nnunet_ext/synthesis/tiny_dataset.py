"""A preprocessed nnU-Net dataset of three small cases, made without nnU-Net's commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from nnunetv2.training.dataloading.nnunet_dataset import nnUNetDatasetNumpy

from tests.nnunet_ext.synthesis.bodies import write_map

NAME = "Dataset905_Boxes"
PLANS_NAME = "shoulderSmallPlans"
LABELS = {"background": 0, "humerus": 1, "glenoid": 2}
CASES = ("a", "b", "c")


def tiny_plans(plans: dict[str, Any]) -> dict[str, Any]:
    """Plans of a network of three stages for patches of 32 x 48."""
    described: dict[str, Any] = json.loads(json.dumps(plans))
    described |= {"dataset_name": NAME, "plans_name": PLANS_NAME}
    described |= {"image_reader_writer": "SimpleITKIO"}
    described |= {"original_median_spacing_after_transp": [4.0, 1.0, 1.0]}
    described |= {"original_median_shape_after_transp": [4, 40, 56]}
    two = described["configurations"]["2d"]
    described["configurations"] = {"2d": two}
    two |= {"patch_size": [32, 48], "spacing": [1.5, 1.5], "batch_size": 3, "batch_dice": True}
    kwargs = two["architecture"]["arch_kwargs"]
    kwargs |= {"n_stages": 3, "features_per_stage": [4, 8, 8], "kernel_sizes": [[3, 3]] * 3}
    kwargs |= {"strides": [[1, 1], [2, 2], [2, 2]], "n_conv_per_stage": [1, 1, 1]}
    kwargs |= {"n_conv_per_stage_decoder": [1, 1]}
    return described


def write_tiny_dataset(root: Path, plans: dict[str, Any]) -> dict[str, Any]:
    """Fills nnU-Net's folders under a root; returns the dataset.json."""
    raw, preprocessed = (root / kind / NAME for kind in ("nnUNet_raw", "nnUNet_preprocessed"))
    arrays = preprocessed / plans["configurations"]["2d"]["data_identifier"]
    maps = raw / "partialVolumesTr"
    for folder in (arrays, maps, root / "nnUNet_results"):
        folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for case in CASES:
        labels = np.zeros((1, 4, 40, 56), np.int8)
        labels[0, 1:3, 10:30, 10:28], labels[0, 1:3, 12:24, 30:40] = 1, 2
        image = (labels + rng.normal(0, 0.3, labels.shape)).astype(np.float32)
        places = {value: np.argwhere(labels == value) for value in (1, 2)}
        properties = {"class_locations": places, "spacing": [4.0, 1.5, 1.5]}
        nnUNetDatasetNumpy.save_case(image, labels, properties, str(arrays / case))
    write_map(maps / "made.safetensors")
    # The map of a validation case, which no training may see.
    (maps / "c.safetensors").write_bytes(b"not to be read")
    described = {"channel_names": {"0": "MRI"}, "labels": LABELS, "numTraining": len(CASES)}
    described |= {"file_ending": ".nii.gz"}
    splits = [{"train": ["a", "b"], "val": ["c"]}]
    (raw / "splits_final.json").write_text(json.dumps(splits))
    (preprocessed / f"{PLANS_NAME}.json").write_text(json.dumps(plans))
    (preprocessed / "dataset_fingerprint.json").write_text("{}")
    return described
