"""Plans as nnU-Net makes them for slices of 320 pixels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unet_plans import unet_plans


@pytest.fixture
def plans() -> dict[str, Any]:
    """What the planner writes for 320-pixel slices, shortened to what is read here."""
    features = [32, 64, 128, 256, 512, 512, 512]
    made = unet_plans("Dataset001_Shoulder", 320, 0.5, features, convolutions=2)
    resampler = "resample_data_or_seg_to_shape"
    made["configurations"]["2d"] |= {
        "batch_size": 32,
        "resampling_fn_data": resampler,
        "resampling_fn_seg": resampler,
        "resampling_fn_probabilities": resampler,
    }
    made["configurations"]["3d_fullres"] = {"batch_size": 2}
    return made
