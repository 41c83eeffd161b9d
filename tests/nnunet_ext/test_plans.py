from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.nnunet_ext.plans import small_plans, write_small_plans
from shoulderseg.nnunet_ext.unets import build_unet


def test_small_network_has_the_promised_size(plans: dict[str, Any]) -> None:
    network = build_unet(small_plans(plans))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters == pytest.approx(2.88e6, rel=0.01)


def test_only_network_batch_and_name_change(plans: dict[str, Any]) -> None:
    before = deepcopy(plans)
    small = small_plans(plans)
    assert plans == before
    assert small["plans_name"] == "shoulderSmallPlans"
    changed, original = small["configurations"]["2d"], plans["configurations"]["2d"]
    network, planned = (each["architecture"].pop("arch_kwargs") for each in (changed, original))
    assert network["features_per_stage"] == [32, 64, 128, 128, 128, 128]
    assert network["n_stages"] == 6
    lists = ("kernel_sizes", "strides", "n_conv_per_stage", "n_conv_per_stage_decoder")
    for name in lists:
        assert network[name] == planned[name][: len(planned[name]) - planned["n_stages"] + 6]
    same = network.keys() - {"features_per_stage", "n_stages", *lists}
    assert {name: network[name] for name in same} == {name: planned[name] for name in same}
    assert changed.pop("batch_size") < original.pop("batch_size")
    assert changed == original


@pytest.mark.parametrize(
    ("patch", "planned", "expected"),
    [
        ([320, 320], 32, 5),  # 2^19 / 320^2 = 5.12
        ([512, 512], 12, 4),  # 2.0, raised to the least
        ([56, 40], 143, 32),  # 234, cut to the most
        ([56, 40], 20, 20),  # never more than nnU-Net planned
    ],
)
def test_batch_suits_the_patch(
    plans: dict[str, Any], patch: list[int], planned: int, expected: int
) -> None:
    plans["configurations"]["2d"] |= {"patch_size": patch, "batch_size": planned}
    assert small_plans(plans)["configurations"]["2d"]["batch_size"] == expected


def test_batch_can_be_set(plans: dict[str, Any]) -> None:
    assert small_plans(plans, 9)["configurations"]["2d"]["batch_size"] == 9
    with pytest.raises(ValueError, match="at least 2"):
        small_plans(plans, 1)


def test_plans_without_2d_are_refused(plans: dict[str, Any]) -> None:
    del plans["configurations"]["2d"]
    with pytest.raises(ValueError, match="3d_fullres"):
        small_plans(plans)


def test_file_is_written_beside_the_automatic_plans(tmp_path: Path, plans: dict[str, Any]) -> None:
    with pytest.raises(FileNotFoundError, match="nnUNetv2_plan_and_preprocess"):
        write_small_plans(tmp_path)
    (tmp_path / "nnUNetPlans.json").write_text(json.dumps(plans))
    path = write_small_plans(tmp_path)
    assert path == tmp_path / "shoulderSmallPlans.json"
    assert json.loads(path.read_text()) == small_plans(plans)
