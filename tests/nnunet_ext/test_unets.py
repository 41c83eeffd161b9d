from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest
import torch

from shoulderseg.nnunet_ext.bundle import read_unets, write_unets
from shoulderseg.nnunet_ext.plan_checks import check_plans
from shoulderseg.nnunet_ext.plans import small_plans
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet, UntrustedModelError
from shoulderseg.nnunet_ext.unets import build_unet, complete_weights, outline_unet, unique_weights


def test_nnunets_own_plans_pass(plans: dict[str, Any]) -> None:
    check_plans(plans)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["architecture", "network_class_name"], "os.system"),
        (["architecture", "network_class_name"], "PlainConvUNet"),
        (["architecture", "arch_kwargs", "conv_op"], "subprocess.Popen"),
        (["architecture", "arch_kwargs", "nonlin"], "builtins.exec"),
        (["preprocessor_name"], "Evil"),
        (["normalization_schemes"], ["Evil"]),
        (["resampling_fn_data"], "evil"),
    ],
)
def test_names_outside_the_lists_are_refused(
    plans: dict[str, Any], keys: list[str], value: str | list[str]
) -> None:
    target = plans["configurations"]["2d"]
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    refused = value[0] if isinstance(value, list) else value
    with pytest.raises(UntrustedModelError, match=refused):
        build_unet(plans)


def test_a_name_smuggled_past_the_import_list_is_refused(plans: dict[str, Any]) -> None:
    architecture = plans["configurations"]["2d"]["architecture"]
    architecture["arch_kwargs"]["norm_op_kwargs"] = "os.system"
    architecture["_kw_requires_import"].append("norm_op_kwargs")
    with pytest.raises(UntrustedModelError, match=r"os\.system"):
        check_plans(plans)


@pytest.mark.parametrize("missing", ["architecture", "preprocessor_name", "resampling_fn_seg"])
def test_incomplete_plans(plans: dict[str, Any], missing: str) -> None:
    del plans["configurations"]["2d"][missing]
    with pytest.raises(UntrustedModelError, match=missing):
        check_plans(plans)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["architecture", "arch_kwargs", "n_stages"], 10**6),
        (["architecture", "arch_kwargs", "n_stages"], True),
        (["architecture", "arch_kwargs", "features_per_stage"], [32] * 6 + [10**9]),
        (["architecture", "arch_kwargs", "features_per_stage"], 32),
        (["architecture", "arch_kwargs", "kernel_sizes"], [[3, 3]] * 6 + [[3, 999]]),
        (["architecture", "arch_kwargs", "strides"], [[1, 1]] + [[0, 2]] * 6),
        (["architecture", "arch_kwargs", "n_conv_per_stage"], [2] * 6 + [10**6]),
        (["architecture", "arch_kwargs", "n_conv_per_stage_decoder"], [2] * 5 + [10**6]),
        (["patch_size"], [320, 10**5]),
        (["patch_size"], [320.0, 320.0]),
        (["patch_size"], [320]),
        (["spacing"], [0.5, 0.001]),
        (["spacing"], [0.5, float("nan")]),
        (["spacing"], [0.5, 1e9]),
    ],
)
def test_numbers_out_of_bounds_are_refused(
    plans: dict[str, Any], keys: list[str], value: object
) -> None:
    target = plans["configurations"]["2d"]
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    with pytest.raises(UntrustedModelError, match=f"more than any plans.*{keys[-1]} is"):
        check_plans(plans)


def test_a_first_stride_that_halves_the_slice_is_refused(plans: dict[str, Any]) -> None:
    plans["configurations"]["2d"]["architecture"]["arch_kwargs"]["strides"] = [[2, 2]] * 7
    with pytest.raises(UntrustedModelError, match="slices keep their size"):
        check_plans(plans)


def test_plans_without_the_numbers_that_a_case_needs_are_refused(plans: dict[str, Any]) -> None:
    configuration = plans["configurations"]["2d"]
    configuration["normalization_schemes"] = ["CTNormalization"]
    plans["foreground_intensity_properties_per_channel"] = {"0": {"mean": 1.0, "std": "a"}}
    with pytest.raises(UntrustedModelError, match="lacks std, percentile_00_5, percentile_99_5"):
        check_plans(plans)
    configuration["normalization_schemes"] = ["ZScoreNormalization"]
    check_plans(plans)
    configuration["resampling_fn_data_kwargs"] = None
    with pytest.raises(UntrustedModelError, match="lacks resampling_fn_data_kwargs"):
        check_plans(plans)


def test_patches_that_fill_the_memory_together_are_refused(plans: dict[str, Any]) -> None:
    configuration = plans["configurations"]["2d"]
    configuration["patch_size"] = [4096, 4096]
    configuration["architecture"]["arch_kwargs"]["strides"] = [[1, 1]] * 7
    with pytest.raises(UntrustedModelError, match="values for one patch"):
        check_plans(plans)


def test_the_largest_that_nnunet_plans_passes(plans: dict[str, Any]) -> None:
    configuration, stages = plans["configurations"]["2d"], 9
    configuration["patch_size"] = [1536, 1536]
    configuration["architecture"]["arch_kwargs"] |= {
        "n_stages": stages,
        "features_per_stage": [32, 64, 128, 256, 512, 512, 512, 512, 512],
        "kernel_sizes": [[3, 3]] * stages,
        "strides": [[1, 1]] + [[2, 2]] * (stages - 1),
        "n_conv_per_stage": [2] * stages,
        "n_conv_per_stage_decoder": [2] * (stages - 1),
    }
    check_plans(plans)


def test_an_outline_takes_no_memory_and_knows_the_weights(plans: dict[str, Any]) -> None:
    network = build_unet(small_plans(plans))
    unique = unique_weights(network.state_dict())
    outline = outline_unet(small_plans(plans))
    assert all(tensor.is_meta for tensor in outline.state_dict().values())
    complete = complete_weights(outline, unique)
    assert complete.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(complete[name], tensor, rtol=0, atol=0)


def test_weights_of_a_huge_network_that_are_not_there(
    plans: dict[str, Any], tmp_path: Path
) -> None:
    """Its parameters would take 35 GB; they are missed before memory is asked for."""
    weights = {variant: {"0": {"a": torch.zeros(1)}} for variant in PARTS}
    kwargs = plans["configurations"]["2d"]["architecture"]["arch_kwargs"]
    kwargs["features_per_stage"] = [1500, *[4000] * 6]
    dataset_json = {"labels": {"background": 0, "humerus": 1, "glenoid": 2}}
    write_unets(UNetSet(plans, dataset_json, None, weights), tmp_path)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UntrustedModelError, match="which the network of plans"):
        read_unets(tmp_path, ["0"], None)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 2**20


def test_shared_tensors_are_stored_once_and_come_back(plans: dict[str, Any]) -> None:
    network = build_unet(small_plans(plans))
    state = network.state_dict()
    unique = unique_weights(state)
    assert len(unique) < len(state)
    halved = {name: tensor.to(torch.float16) for name, tensor in unique.items()}
    complete = complete_weights(build_unet(small_plans(plans)), halved)
    assert complete.keys() == state.keys()
    for name, tensor in complete.items():
        torch.testing.assert_close(tensor, state[name].half().float(), rtol=0, atol=0)


def test_weights_of_another_network(plans: dict[str, Any]) -> None:
    network = build_unet(small_plans(plans))
    unique = unique_weights(network.state_dict())
    name = next(iter(unique))
    with pytest.raises(UntrustedModelError, match="hold nothing"):
        complete_weights(network, {key: unique[key] for key in unique if key != name})
    with pytest.raises(UntrustedModelError, match="expected shape"):
        complete_weights(network, {**unique, name: torch.zeros(2)})
    with pytest.raises(UntrustedModelError, match="'extra'"):
        complete_weights(network, {**unique, "extra": torch.zeros(2)})
