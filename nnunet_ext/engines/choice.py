"""Which engine computes the U-Nets, and in which precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shoulderseg.nnunet_ext.engines.network import EngineName, Network, Precision
from shoulderseg.nnunet_ext.plain_unet import is_plain_unet

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.unet_set import Weights

EngineChoice = Literal["auto", "torch", "openvino"]


@dataclass(frozen=True)
class Engine:
    """What computes the networks.

    Attributes:
        name: torch or openvino.
        precision: of the networks' arithmetic.
    """

    name: EngineName
    precision: Precision


def choose_engine(choice: EngineChoice, device: str, plans: Mapping[str, Any]) -> Engine:
    """Chooses what computes the networks of a model.

    Args:
        choice: auto takes OpenVINO on a CPU where it is installed and knows the network, and
            torch otherwise.
        device: Where they run: cpu, cuda or mps.
        plans: nnU-Net's plans, checked.

    Raises:
        ValueError: If OpenVINO is asked for and cannot run them.
    """
    from shoulderseg.nnunet_ext.engines.openvino_network import best_precision, has_openvino

    if choice == "torch":
        return Engine("torch", "float32")
    reason = _reason_against_openvino(device, plans)
    if reason is None and not has_openvino():
        reason = "it is not installed, or does not run here; `pip install openvino`"
    if reason is None:
        return Engine("openvino", best_precision())
    if choice == "openvino":
        msg = f"the engine openvino cannot be used: {reason}"
        raise ValueError(msg)
    return Engine("torch", "float32")


def _reason_against_openvino(device: str, plans: Mapping[str, Any]) -> str | None:
    from shoulderseg.nnunet_ext.cases.prepare import can_prepare

    if device != "cpu":
        return f"it computes on the CPU, and the device is {device}; choose `--device cpu`"
    if not is_plain_unet(plans):
        return "it knows nnU-Net's plain U-Net alone, and the model is another one"
    if not can_prepare(plans):
        return "the model's plans resample in a way that is left to nnU-Net"
    return None


def load_network(engine: Engine, plans: Mapping[str, Any], weights: Weights) -> Network:
    """Makes a network ready to run.

    Args:
        engine: What computes it, chosen for these plans.
        plans: nnU-Net's plans.
        weights: Its parameters.
    """
    if engine.name == "openvino":
        from shoulderseg.nnunet_ext.engines.openvino_network import OpenvinoNetwork

        return OpenvinoNetwork(plans, weights, engine.precision)
    from shoulderseg.nnunet_ext.engines.torch_network import TorchNetwork

    return TorchNetwork(plans, weights)
