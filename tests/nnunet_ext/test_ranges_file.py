"""`int8.safetensors` of a bundle, which may come from anywhere."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from shoulderseg.nnunet_ext.quantise import with_ranges
from shoulderseg.nnunet_ext.ranges_file import read_ranges, write_ranges
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet, UntrustedModelError
from tests.nnunet_ext.engines.test_openvino import plans_of, unaliased
from tests.untrained import DATASET

PLANS = plans_of()
IMAGES = np.random.default_rng(1).normal(size=(4, 40, 24)).astype(np.float32)


@pytest.fixture
def unets() -> UNetSet:
    weights = {variant: {"0": unaliased(PLANS)} for variant in PARTS}
    return UNetSet(PLANS, DATASET, None, weights)


def test_ranges_come_back_from_their_file(unets: UNetSet, tmp_path: Path) -> None:
    known = with_ranges(unets, [IMAGES[:, :32]])
    path = tmp_path / "int8.safetensors"
    write_ranges(path, known.ranges)
    found = read_ranges(path, PLANS, ["0"])
    for variant in PARTS:
        assert list(found[variant]) == ["0"]
        for layer, limits in known.ranges[variant]["0"].items():
            np.testing.assert_array_equal(found[variant]["0"][layer], limits)


@pytest.mark.parametrize("fault", ["nan", "order", "huge", "missing", "more", "shape", "type"])
def test_a_file_that_holds_no_ranges_is_refused(unets: UNetSet, tmp_path: Path, fault: str) -> None:
    known = with_ranges(unets, [IMAGES[:, :32]])
    tensors = {
        f"{variant}/0/{layer}": limits.copy()
        for variant in PARTS
        for layer, limits in known.ranges[variant]["0"].items()
    }
    name = "whole/0/decoder.transpconvs.0"
    if fault == "missing":
        del tensors[name]
    elif fault == "more":
        tensors["whole/1/decoder.transpconvs.0"] = tensors[name]
    elif fault == "shape":
        tensors[name] = tensors[name][:, :1].copy()
    elif fault == "type":
        tensors[name] = tensors[name].astype(np.float64)
    else:
        tensors[name][0, 0] = {"nan": np.nan, "order": 1000.0, "huge": -1e30}[fault]
    path = tmp_path / "int8.safetensors"
    save_file(tensors, path)
    with pytest.raises(UntrustedModelError, match=r"int8\.safetensors"):
        read_ranges(path, PLANS, ["0"])


def test_types_that_numpy_does_not_know_are_refused(unets: UNetSet, tmp_path: Path) -> None:
    from safetensors.torch import save_file as save_torch

    known = with_ranges(unets, [IMAGES[:, :32]])
    tensors = {
        f"{variant}/0/{layer}": torch.from_numpy(limits.copy()).to(torch.bfloat16)
        for variant in PARTS
        for layer, limits in known.ranges[variant]["0"].items()
    }
    path = tmp_path / "int8.safetensors"
    save_torch(tensors, path)
    with pytest.raises(UntrustedModelError, match="does not hold the ranges"):
        read_ranges(path, PLANS, ["0"])


def test_a_pickle_is_no_file_of_ranges(tmp_path: Path) -> None:
    path = tmp_path / "int8.safetensors"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UntrustedModelError, match="not a readable safetensors file"):
        read_ranges(path, PLANS, ["0"])
    with pytest.raises(UntrustedModelError, match="not a readable safetensors file"):
        read_ranges(tmp_path / "none", PLANS, ["0"])
