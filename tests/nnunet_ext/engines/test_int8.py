"""Networks in eight bits, against the same networks in float32."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shoulderseg.nnunet_ext import quantise
from shoulderseg.nnunet_ext.engines import openvino_network, quantisation
from shoulderseg.nnunet_ext.engines.choice import Engine, choose_engine, load_network
from shoulderseg.nnunet_ext.engines.openvino_network import OpenvinoNetwork
from shoulderseg.nnunet_ext.engines.quantisation import channel_scales, shared_range
from shoulderseg.nnunet_ext.engines.ranges import measure_ranges
from shoulderseg.nnunet_ext.plain_unet import range_shapes
from shoulderseg.nnunet_ext.predictors import build_predictors
from shoulderseg.nnunet_ext.quantise import changed_share, middle_of_case, with_ranges
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet, is_quantisable
from shoulderseg.nnunet_ext.unets import build_unet
from tests.nnunet_ext.engines.test_openvino import plans_of, unaliased
from tests.untrained import DATASET

PLANS = plans_of()
WEIGHTS = unaliased(PLANS)
IMAGES = np.random.default_rng(1).normal(size=(4, 40, 24)).astype(np.float32)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"strides": [[1, 1], [1, 2], [2, 2], [2, 1]]},
        {"conv_bias": False},
        {"nonlin_kwargs": {"negative_slope": 0.3, "inplace": True}},
    ],
)
def test_eight_bits_are_close(changes: dict[str, Any]) -> None:
    plans = plans_of(**changes)
    weights = unaliased(plans)
    ranges = measure_ranges(plans, weights, [IMAGES[:2], IMAGES[2:]])
    full = OpenvinoNetwork(plans, weights, "float32")(IMAGES)
    short = OpenvinoNetwork(plans, weights, "int8", ranges)(IMAGES)
    assert np.abs(short - full).mean() < 0.1 * full.std()
    assert not np.array_equal(short, full)


def test_channels_of_unlike_ranges_are_brought_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One channel is a hundred times as active: its steps would swallow the others."""
    name, factors = "encoder.stages.0.0.convs.0", torch.tensor([100.0, 1, 1, 1])
    users = ("encoder.stages.0.0.convs.1.conv.weight",)
    weights = dict(WEIGHTS)
    for part in ("weight", "bias"):
        weights[f"{name}.norm.{part}"] = weights[f"{name}.norm.{part}"] * factors
    for user in users:
        weights[user] = weights[user] / factors.reshape(1, -1, 1, 1)
    ranges = measure_ranges(PLANS, weights, [IMAGES])
    full = OpenvinoNetwork(PLANS, weights, "float32")(IMAGES)

    def error() -> float:
        short = OpenvinoNetwork(PLANS, weights, "int8", ranges)(IMAGES)
        return float(np.abs(short - full).mean())

    together = error()
    monkeypatch.setattr(quantisation, "_EVENNESS", 0)
    assert together < 0.5 * error()


def test_ranges_are_what_torch_sees() -> None:
    ranges = measure_ranges(PLANS, WEIGHTS, [IMAGES[:1], IMAGES[1:]])
    assert {name: limits.shape for name, limits in ranges.items()} == range_shapes(PLANS)
    network = build_unet(PLANS)
    network.load_state_dict(WEIGHTS)
    seen: dict[str, np.ndarray] = {}

    def note(name: str, answer: torch.Tensor) -> None:
        seen[name] = answer.detach().numpy()

    for name, module in network.named_modules():
        if name in ranges:
            module.register_forward_hook(lambda _m, _i, answer, name=name: note(name, answer))
    with torch.inference_mode():
        network(torch.from_numpy(IMAGES[:, None]))
    assert set(seen) == set(ranges)
    for name, answer in seen.items():
        ends = np.stack([answer.min(axis=(0, 2, 3)), answer.max(axis=(0, 2, 3))])
        np.testing.assert_allclose(ranges[name], ends, rtol=1e-3, atol=1e-4)


@given(arrays(np.float32, (2, 5), elements=st.floats(-1e5, 1e5, width=32)))
def test_scales_are_never_nothing(ends: np.ndarray) -> None:
    limits = np.sort(ends, axis=0)
    scales = channel_scales(limits)
    assert (scales > 0).all()
    assert (scales <= 1).all()
    low, high = shared_range(limits, scales)
    assert low <= 0 < high
    assert (limits[0] / scales >= low - 1e-3 * abs(low)).all()
    assert (limits[1] / scales <= high * 1.001).all()


def test_the_same_images_give_the_same_bytes() -> None:
    ranges = measure_ranges(PLANS, WEIGHTS, [IMAGES])
    first, second = (
        load_network(Engine("openvino", "int8"), PLANS, WEIGHTS, ranges) for _ in range(2)
    )
    assert first(IMAGES).tobytes() == first(IMAGES).tobytes() == second(IMAGES).tobytes()


def test_what_has_no_ranges_is_refused() -> None:
    with pytest.raises(ValueError, match="no activations"):
        measure_ranges(PLANS, WEIGHTS, [])
    with pytest.raises(ValueError, match="shoulderseg calibrate"):
        OpenvinoNetwork(PLANS, WEIGHTS, "int8")
    with pytest.raises(ValueError, match="`shoulderseg calibrate` measures them"):
        choose_engine("auto", "cpu", PLANS, precision="int8")
    with pytest.raises(ValueError, match=r"NaN"):
        measure_ranges(PLANS, WEIGHTS, [np.full((1, 32, 32), np.nan, np.float32)])


def test_the_precision_is_what_cpu_and_model_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    without = choose_engine("auto", "cpu", PLANS).precision
    assert without in ("float32", "bfloat16")
    for instructions, expected in (
        ({"X86_V2", "X86_V3"}, "int8"),
        ({"SSE42", "AVX2"}, "int8"),
        ({"X86_V2"}, without),
        ({"NEON", "ASIMD"}, without),
    ):
        monkeypatch.setattr(openvino_network, "cpu_instructions", lambda i=instructions: i)
        assert choose_engine("auto", "cpu", PLANS, quantisable=True).precision == expected
        assert choose_engine("auto", "cpu", PLANS).precision == without
    # What is asked for is taken, whatever the CPU is fastest in.
    for precision in ("float32", "bfloat16", "int8"):
        asked = choose_engine("auto", "cpu", PLANS, precision=precision, quantisable=True)
        assert asked == Engine("openvino", precision)


def test_a_precision_that_torch_does_not_have_is_refused() -> None:
    assert choose_engine("torch", "cpu", PLANS, precision="float32").name == "torch"
    with pytest.raises(ValueError, match=r"int8 needs the engine openvino.*torch is asked for"):
        choose_engine("torch", "cpu", PLANS, precision="int8", quantisable=True)
    with pytest.raises(ValueError, match=r"bfloat16 needs the engine openvino.*device is cuda"):
        choose_engine("auto", "cuda", PLANS, precision="bfloat16")


@pytest.fixture
def unets() -> UNetSet:
    weights = {variant: {"0": unaliased(PLANS)} for variant in PARTS}
    return UNetSet(PLANS, DATASET, None, weights)


def test_the_middle_of_a_case(unets: UNetSet) -> None:
    image = np.random.default_rng(0).normal(size=(40, 90, 100)).astype(np.float32)
    image += np.arange(40, dtype=np.float32)[:, None, None]
    # The patch is 32 x 32, the slices are 90 x 100 pixels of the networks'.
    found = middle_of_case(unets, image, (4.0, 2.0, 2.0))
    assert found.shape == (4, 32, 32)
    # From the middle half of the stack, in order.
    means = found.mean(axis=(1, 2)) * image.std() + image.mean()
    np.testing.assert_allclose(means, [10, 16, 22, 29], atol=0.5)
    assert middle_of_case(unets, image[:1], (4.0, 2.0, 2.0)).shape == (1, 32, 32)
    assert middle_of_case(unets, image[:, :1], (4.0, 2.0, 2.0)).size == 0


def test_unets_know_their_ranges(unets: UNetSet) -> None:
    assert not is_quantisable(unets)
    known = with_ranges(unets, [IMAGES[:, :32], np.zeros((0, 0, 0), np.float32)])
    assert is_quantisable(known)
    changed = changed_share(known, [IMAGES])
    assert changed is not None
    assert 0 < changed < 0.2
    # Nothing can be said where there is no bone.
    assert changed_share(known, []) is None
    predictors = build_predictors(known, "cpu", precision="int8")
    assert predictors.engine == Engine("openvino", "int8")
    monkeyed = dataclasses.replace(known, ranges={"humerus": known.ranges["humerus"]})
    assert not is_quantisable(monkeyed)


def test_all_changed_is_told(unets: UNetSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def opposite(engine: Engine, *_: object) -> Any:  # noqa: ANN401
        return lambda images: images if engine.precision == "float32" else -images

    monkeypatch.setattr(quantise, "load_network", opposite)
    known = with_ranges(unets, [IMAGES[:, :32]])
    image = np.full((1, 4, 4), -1, np.float32)
    image[0, 0, 0] = 1
    # One pixel was bone, and all sixteen changed.
    assert changed_share(known, [image]) == 16
