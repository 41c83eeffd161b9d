"""What the networks see, and where their answers go, against nnU-Net itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nnunetv2.inference.export_prediction import (
    convert_predicted_logits_to_segmentation_with_correct_shape,
)
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from shoulderseg.nnunet_ext.cases.prepare import prepare_case, restore_logits, uncrop
from shoulderseg.nnunet_ext.regions import region_dataset_json
from tests.untrained import DATASET, untrained_plans

SPACINGS = [
    (3.3, 0.5, 0.7),
    (0.6, 0.6, 0.6),
    (1.0, 3.5, 1.0),
    (1.0, 1.0, 4.0),
    (4.0, 4.0, 0.9),
    (0.45, 0.45, 2.0),
]
SCHEMES = ["ZScoreNormalization", "NoNormalization", "RescaleTo01Normalization", "CTNormalization"]


def plans_of(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    plans = untrained_plans()
    planned = plans["configurations"]["2d"]
    # As nnU-Net plans it: cubic splines on the way in.
    planned["resampling_fn_data_kwargs"]["order"] = 3
    planned |= {key: value for key, value in changes.items() if key in planned}
    plans |= {key: value for key, value in changes.items() if key in plans}
    plans["foreground_intensity_properties_per_channel"] = {
        "0": {"mean": 90.0, "std": 35.0, "percentile_00_5": 10.0, "percentile_99_5": 200.0}
    }
    return plans


def image_of(seed: int, shape: tuple[int, int, int], margin: int = 0) -> Any:  # noqa: ANN401
    rng = np.random.default_rng(seed)
    image = rng.normal(100, 30, shape).astype(np.float32)
    if margin:
        kept = image[:, margin:, : -2 * margin].copy()
        image[:] = 0
        image[:, margin:, : -2 * margin] = kept
    return image


def compare(plans: dict[str, Any], image: Any, spacing_mm: tuple[float, float, float]) -> None:  # noqa: ANN401
    """The prepared case to 1e-5, and what comes back of any logits bit for bit."""
    manager = PlansManager(plans)
    configuration = manager.get_configuration("2d")
    described = region_dataset_json(DATASET, (0,))
    wanted, _, properties = configuration.preprocessor_class(verbose=False).run_case_npy(
        image[None], None, {"spacing": list(spacing_mm)}, manager, configuration, described
    )
    before = image.copy()
    case = prepare_case(image, spacing_mm, plans)
    np.testing.assert_array_equal(image, before)
    assert case.slices.shape == wanted.shape[1:]
    np.testing.assert_allclose(case.slices, wanted[0], atol=1e-5, rtol=1e-5)
    logits = np.random.default_rng(1).normal(0, 5, wanted.shape).astype(np.float16)
    mask, probabilities = convert_predicted_logits_to_segmentation_with_correct_shape(
        torch.from_numpy(logits),
        manager,
        configuration,
        manager.get_label_manager(described),
        properties,
        return_probabilities=True,
    )
    restored = restore_logits(logits[0], case, plans)
    bone = torch.sigmoid(torch.from_numpy(restored).float()).numpy()
    found = uncrop(bone, case, plans)
    assert found.shape == image.shape
    np.testing.assert_array_equal(found, probabilities[0])
    np.testing.assert_array_equal(found > 0.5, mask > 0)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
@pytest.mark.parametrize("shape", [(5, 40, 52), (1, 33, 47), (7, 31, 30)])
def test_grids_of_all_kinds(
    spacing_mm: tuple[float, float, float], shape: tuple[int, int, int]
) -> None:
    compare(plans_of(spacing=[0.61, 0.58]), image_of(0, shape), spacing_mm)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("masked", [False, True])
def test_schemes_of_intensities(scheme: str, masked: bool) -> None:
    plans = plans_of(normalization_schemes=[scheme], use_mask_for_norm=[masked])
    compare(plans, image_of(1, (4, 44, 36), margin=5), (3.0, 0.7, 0.6))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2), (2, 1, 0)])
def test_slices_along_another_axis(order: tuple[int, int, int]) -> None:
    back = [order.index(axis) for axis in range(3)]
    plans = plans_of(transpose_forward=list(order), transpose_backward=back)
    compare(plans, image_of(2, (9, 22, 31), margin=3), (0.9, 0.8, 3.1))


@pytest.mark.parametrize("force", [None, True, False])
def test_plans_that_say_how_slices_are_resampled(force: bool | None) -> None:
    how = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": force}
    back = how | {"order": 1}
    plans = plans_of(resampling_fn_data_kwargs=how, resampling_fn_probabilities_kwargs=back)
    compare(plans, image_of(3, (5, 30, 34)), (2.5, 0.9, 0.9))


def test_an_image_of_nothing_but_zeros_keeps_its_shape() -> None:
    case = prepare_case(np.zeros((2, 20, 30), np.float32), (3.0, 1.0, 1.0), plans_of())
    assert case.cropped_shape == (2, 20, 30)


@given(
    st.tuples(st.integers(1, 6), st.integers(8, 40), st.integers(8, 40)),
    st.tuples(st.floats(0.4, 6), st.floats(0.3, 2), st.floats(0.3, 2)),
    st.integers(0, 3),
)
@settings(max_examples=60)
def test_any_grid(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], margin: int
) -> None:
    compare(plans_of(spacing=[0.7, 0.9]), image_of(4, shape, margin=margin % 3), spacing_mm)


@pytest.mark.parametrize(
    ("shape", "spacing_mm"), [((1, 1, 1), (4.0, 0.2, 0.3)), ((2, 16, 9), (4.0, 0.02, 0.02))]
)
def test_what_is_smaller_than_a_pixel_of_the_networks(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]
) -> None:
    """nnU-Net itself has no slice left of it, and fails."""
    plans = plans_of()
    case = prepare_case(image_of(3, shape), spacing_mm, plans)
    assert case.slices.shape == (shape[0], 1, 1)
    logits = np.full(case.slices.shape, 2, np.float16)
    restored = restore_logits(logits, case, plans)
    np.testing.assert_array_equal(
        uncrop(restored.astype(np.float32), case, plans), np.full(shape, 2)
    )


def test_intensities_that_cannot_be_normalised_are_refused() -> None:
    image = image_of(3, (2, 30, 30))
    image[0, 0, 0] = 3e38
    with pytest.raises(ValueError, match=r"of up to 3e\+38 cannot be normalised"):
        prepare_case(
            image, (4.0, 2.0, 2.0), plans_of(normalization_schemes=["ZScoreNormalization"])
        )
