from __future__ import annotations

from typing import Any

import pytest
import torch

from shoulderseg.nnunet_ext.plans import small_plans
from shoulderseg.nnunet_ext.unets import (
    UntrustedModelError,
    build_unet,
    check_plans,
    complete_weights,
    unique_weights,
)


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
