"""Plans as nnU-Net wrote them before version 2.4, which name no `architecture`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from shoulderseg.nnunet_ext.plan_bounds import MOST_FEATURES, MOST_STAGES, shown
from shoulderseg.nnunet_ext.plan_checks import NETWORKS
from shoulderseg.nnunet_ext.unet_set import UntrustedModelError

_PROPERTIES, _OLD_PROPERTIES = (
    f"foreground_intensity_properties_{by}" for by in ("per_channel", "by_modality")
)


def translated_plans(plans: Mapping[str, Any], configuration: str) -> dict[str, Any]:
    """Gives plans of today for plans of any version, by nnU-Net's own translation.

    Args:
        plans: Of one configuration, from anywhere. `check_plans` is to look at the result.
        configuration: Its name.

    Returns:
        The same plans where they name an architecture, else a changed copy.

    Raises:
        UntrustedModelError: If nnU-Net cannot translate them.
    """
    present = plans["configurations"][configuration]
    if not isinstance(present, Mapping) or "architecture" in present:
        return dict(plans)
    # Heavy, and of no use for the plans of today.
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    _check_numbers(present)
    try:
        with warnings.catch_warnings():
            # It advises to plan anew if anything fails, which is told otherwise here.
            warnings.simplefilter("ignore")
            manager = PlansManager(deepcopy(dict(plans)))
            translated = dict(manager.get_configuration(configuration).configuration)
    except (KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        msg = (
            f"plans.json names no architecture, as before nnU-Net 2.4, and nnU-Net cannot "
            f"translate it: {shown(error)}"
        )
        raise UntrustedModelError(msg) from error
    translated["architecture"]["network_class_name"] = _where_it_is_now(
        translated["architecture"]["network_class_name"]
    )
    changed = {**plans, "configurations": {configuration: translated}}
    if _PROPERTIES not in plans and _OLD_PROPERTIES in plans:
        changed[_PROPERTIES] = changed.pop(_OLD_PROPERTIES)
    return changed


def _check_numbers(configuration: Mapping[str, Any]) -> None:
    """Refuses what would take the translation itself much memory; the rest is checked after it."""
    for name in ("UNet_base_num_features", "unet_max_num_features"):
        value = configuration.get(name)
        if type(value) is not int or not 1 <= value <= MOST_FEATURES:
            msg = (
                f"plans.json names no architecture, as before nnU-Net 2.4, and {name} is "
                f"{shown(value)}, expected 1 to {MOST_FEATURES}"
            )
            raise UntrustedModelError(msg)
    stages = configuration.get("n_conv_per_stage_encoder")
    if not isinstance(stages, list) or len(stages) > MOST_STAGES:
        msg = (
            "plans.json names no architecture, as before nnU-Net 2.4, and "
            f"n_conv_per_stage_encoder is {shown(stages)}, expected a list of up to {MOST_STAGES}"
        )
        raise UntrustedModelError(msg)


def _where_it_is_now(network: str) -> str:
    """nnU-Net's translation names a module that is gone; it finds the class by its last name."""
    last = network.rpartition(".")[2]
    return next((known for known in NETWORKS if known.rpartition(".")[2] == last), network)
