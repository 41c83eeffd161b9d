"""Plans of 2D U-Nets as nnU-Net writes them, shortened to what is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

KINDS = ("data", "seg", "probabilities")


def unet_plans(
    name: str, patch: int, spacing_mm: float, features: Sequence[int], convolutions: int
) -> dict[str, Any]:
    """Plans of a dataset whose slices are square patches.

    Args:
        name: Of the dataset.
        patch: Side in pixels.
        spacing_mm: Of the pixels.
        features: Channels of each stage; every stage but the first halves the resolution.
        convolutions: Of each stage.

    Returns:
        The plans; what depends on the test is to be added to the configuration `2d`.
    """
    return {
        "dataset_name": name,
        "plans_name": "nnUNetPlans",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": {}},
        "configurations": {
            "2d": {
                "data_identifier": "nnUNetPlans_2d",
                "preprocessor_name": "DefaultPreprocessor",
                "patch_size": [patch, patch],
                "spacing": [spacing_mm, spacing_mm],
                "normalization_schemes": ["ZScoreNormalization"],
                "use_mask_for_norm": [False],
                **{f"resampling_fn_{kind}_kwargs": {} for kind in KINDS},
                "architecture": _architecture(features, convolutions),
            }
        },
    }


def _architecture(features: Sequence[int], convolutions: int) -> dict[str, Any]:
    stages = len(features)
    return {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": stages,
            "features_per_stage": [*features],
            "conv_op": "torch.nn.modules.conv.Conv2d",
            "kernel_sizes": [[3, 3]] * stages,
            "strides": [[1, 1]] + [[2, 2]] * (stages - 1),
            "n_conv_per_stage": [convolutions] * stages,
            "n_conv_per_stage_decoder": [convolutions] * (stages - 1),
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm2d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
