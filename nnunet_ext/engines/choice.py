"""Which engine computes the U-Nets, and in which precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shoulderseg.nnunet_ext.engines.network import EngineName, Network, Precision
from shoulderseg.nnunet_ext.plain_unet import is_plain_unet

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.quantisation import Ranges
    from shoulderseg.nnunet_ext.unet_set import Weights

EngineChoice = Literal["auto", "torch", "openvino"]
PrecisionChoice = Literal["auto", "float32", "bfloat16", "int8"]


@dataclass(frozen=True)
class Engine:
    """What computes the networks.

    Attributes:
        name: torch or openvino.
        precision: of the networks' arithmetic.
    """

    name: EngineName
    precision: Precision


def choose_engine(
    choice: EngineChoice,
    device: str,
    plans: Mapping[str, Any],
    *,
    precision: PrecisionChoice = "auto",
    quantisable: bool = False,
) -> Engine:
    """Chooses what computes the networks of a model.

    Args:
        choice: auto takes OpenVINO on a CPU where it is installed and knows the network, and
            torch otherwise.
        device: Where they run: cpu, cuda or mps.
        plans: nnU-Net's plans, checked.
        precision: auto takes what the CPU computes fastest in, see `best_precision`.
        quantisable: Whether the ranges of all networks' activations are known.

    Raises:
        ValueError: If what is asked for cannot run them.
    """
    from shoulderseg.nnunet_ext.engines.openvino_network import best_precision

    reason = None if choice == "torch" else _reason_against_openvino(device, plans)
    if reason is not None and choice == "openvino":
        msg = f"the engine openvino cannot be used: {reason}"
        raise ValueError(msg)
    if choice == "torch" or reason is not None:
        if precision != "auto" and (precision != "float32" or device == "cuda"):
            why = reason or "torch is asked for; leave `--engine` out"
            msg = f"the precision {precision} needs the engine openvino, which is not used: {why}"
            raise ValueError(msg)
        # nnU-Net computes in half precision on a GPU of NVIDIA.
        return Engine("torch", "float16" if device == "cuda" else "float32")
    if precision == "int8" and not quantisable:
        msg = (
            "the model does not say which values its activations take, which int8 needs; "
            "`shoulderseg calibrate` measures them, or leave `--precision` out"
        )
        raise ValueError(msg)
    if precision == "auto":
        return Engine("openvino", best_precision(quantisable=quantisable))
    return Engine("openvino", precision)


def _reason_against_openvino(device: str, plans: Mapping[str, Any]) -> str | None:
    from shoulderseg.nnunet_ext.cases.prepare import can_prepare
    from shoulderseg.nnunet_ext.engines.openvino_network import has_openvino

    if device != "cpu":
        return f"it computes on the CPU, and the device is {device}; choose `--device cpu`"
    if not is_plain_unet(plans):
        return "it knows nnU-Net's plain U-Net alone, and the model is another one"
    if not can_prepare(plans):
        return "the model's plans resample in a way that is left to nnU-Net"
    if not has_openvino():
        return "it is not installed, or does not run here; `pip install openvino`"
    return None


def load_network(
    engine: Engine, plans: Mapping[str, Any], weights: Weights, ranges: Ranges | None = None
) -> Network:
    """Makes a network ready to run.

    Args:
        engine: What computes it, chosen for these plans.
        plans: nnU-Net's plans.
        weights: Its parameters.
        ranges: Of its activations, where they are known.
    """
    if engine.name == "openvino":
        from shoulderseg.nnunet_ext.engines.openvino_network import OpenvinoNetwork

        return OpenvinoNetwork(plans, weights, engine.precision, ranges)
    from shoulderseg.nnunet_ext.engines.torch_network import TorchNetwork

    return TorchNetwork(plans, weights)
