"""Shape, weights and configuration of the classifier."""

from __future__ import annotations

import json

import pytest
import torch

from shoulderseg.refine.network import AlexNetConfig, build_alexnet, load_alexnet

SMALL = AlexNetConfig(widths=(3, 4, 5, 6, 7), dense=(8, 9))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_sides_and_size_of_the_default_network() -> None:
    model = build_alexnet(AlexNetConfig(), generator()).eval()
    sides, values = [32], torch.zeros(1, 1, 32, 32)
    for layer in model.layers:
        values = layer(values)
        if values.shape[-1] != sides[-1]:
            sides.append(values.shape[-1])
    assert sides == [32, 28, 14, 10, 8, 6, 4, 2, 1]
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(0.868e6, rel=1e-3)


@pytest.mark.parametrize("patch_size", [28, 32, 48])
def test_logits_per_patch(patch_size: int) -> None:
    config = AlexNetConfig(patch_size=patch_size, classes=4, widths=SMALL.widths, dense=SMALL.dense)
    model = build_alexnet(config, generator())
    assert model(torch.randn(5, 1, patch_size, patch_size)).shape == (5, 4)


def test_layers_over_an_image_equal_the_patches() -> None:
    model = build_alexnet(SMALL, generator()).double().eval()
    image = torch.randn(1, 1, 40, 36, dtype=torch.float64, generator=generator(1))
    with torch.inference_mode():
        dense = model.layers(image)[0]
        for row in range(3):
            for column in range(2):
                patch = image[:, :, 4 * row : 4 * row + 32, 4 * column : 4 * column + 32]
                torch.testing.assert_close(dense[:, row, column], model(patch)[0])


def test_same_generator_same_weights_and_global_state_untouched() -> None:
    before = torch.get_rng_state()
    first, second = (build_alexnet(SMALL, generator(3)).state_dict() for _ in range(2))
    other = build_alexnet(SMALL, generator(4)).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["layers.0.weight"], other["layers.0.weight"])
    # He et al.: variance 2 / fan-in.
    wide = build_alexnet(AlexNetConfig(), generator()).state_dict()["layers.4.weight"]
    assert float(wide.std()) == pytest.approx((2 / (48 * 25)) ** 0.5, rel=0.02)


def test_config_survives_json() -> None:
    config = AlexNetConfig(classes=4, widths=(1, 2, 3, 4, 5), dense=(6, 7), dropout=0.0)
    assert AlexNetConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "change",
    [
        {"patch_size": 33},
        {"patch_size": 24},
        {"patch_size": 10**6},
        {"patch_size": "32"},
        {"stride": 3},
        {"stride": 2},
        {"patch_size": 60, "stride": 2},
        {"neighbours": -1},
        {"votes": 17},
        {"classes": 1},
        {"classes": True},
        {"widths": [1, 2, 3]},
        {"widths": [1, 2, 3, 4, 10**9]},
        {"widths": "48"},
        {"dense": [0, 1]},
        {"dense": [1.5, 2]},
        {"dense": {"a": 1}},
        {"dropout": 1.0},
        {"dropout": "0"},
        {"dropout": True},
        {"dropout": float("nan")},
        {"__class__": 1},
    ],
)
def test_bad_config_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        AlexNetConfig.from_dict(SMALL.to_dict() | change)


def test_config_without_a_key_is_refused() -> None:
    values = SMALL.to_dict()
    del values["dense"]
    with pytest.raises(ValueError, match="dense"):
        AlexNetConfig.from_dict(values)


def test_load_gives_the_same_network_ready_to_use() -> None:
    model = build_alexnet(SMALL, generator()).eval()
    loaded = load_alexnet(SMALL, {k: v.half() for k, v in model.half().state_dict().items()})
    assert not loaded.training
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    patches = torch.randn(4, 1, 32, 32, generator=generator(2))
    torch.testing.assert_close(loaded(patches), model.float()(patches))


def test_wrong_weights_are_refused() -> None:
    tensors = build_alexnet(SMALL, generator()).state_dict()
    missing = {k: v for k, v in tensors.items() if k != "layers.0.weight"}
    with pytest.raises(ValueError, match=r"missing layers\.0\.weight, unexpected none"):
        load_alexnet(SMALL, missing)
    with pytest.raises(ValueError, match="unexpected extra"):
        load_alexnet(SMALL, {**tensors, "extra": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"layers\.0\.weight has shape"):
        load_alexnet(SMALL, {**tensors, "layers.0.weight": torch.zeros(1)})
    bad = tensors["layers.0.weight"].clone().fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        load_alexnet(SMALL, {**tensors, "layers.0.weight": bad})
