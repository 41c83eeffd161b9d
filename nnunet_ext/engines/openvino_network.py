"""A U-Net run by OpenVINO on a CPU."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.nnunet_ext.engines.network import FloatArray, Precision
from shoulderseg.nnunet_ext.engines.openvino_graph import build_graph

if TYPE_CHECKING:
    from openvino import CompiledModel, Core, Model

    from shoulderseg.nnunet_ext.engines.quantisation import Ranges
    from shoulderseg.nnunet_ext.unet_set import Weights

_TELEMETRY = "openvino_telemetry"
# Of what is left in floating point; no CPU computes in float16 by itself.
_HINTS: dict[Precision, str] = {
    "float32": "f32",
    "bfloat16": "bf16",
    "int8": "f32",
    "float16": "f16",
}
# What numpy calls the instructions with which int8 was faster than float32, 1.7 times without any
# of its own for bytes and 2.2 times with them; names of numpy before and since 2.4.
_FAST_BYTES = {"AVX2", "X86_V3"}


class OpenvinoNetwork:
    """A U-Net compiled for this machine's CPU.

    Attributes:
        batch: two images, a slice and its mirror image.
    """

    # More gain nothing and take memory, and a case of few slices would end with a batch of another
    # size, for which OpenVINO prepares itself anew.
    batch = 2

    def __init__(
        self,
        plans: Mapping[str, Any],
        weights: Weights,
        precision: Precision,
        ranges: Ranges | None = None,
    ) -> None:
        """Compiles the network.

        Args:
            plans: nnU-Net's plans of a plain U-Net, see `is_plain_unet`.
            weights: Its parameters.
            precision: What the CPU computes in.
            ranges: Of the activations, which int8 needs; see `measure_ranges`.

        Raises:
            ValueError: If int8 is asked for without ranges.
        """
        if precision == "int8" and not ranges:
            msg = "int8 needs the ranges of the network's activations; `shoulderseg calibrate`"
            raise ValueError(msg)
        arrays = {name: np.asarray(values, np.float32) for name, values in weights.items()}
        graph = build_graph(plans, arrays, ranges if precision == "int8" else None)
        self._compiled = compile_graph(graph, precision)

    def __call__(self, images: FloatArray) -> FloatArray:
        """Computes logits, see `Network`."""
        logits: FloatArray = self._compiled(images[:, None])[0][:, 0]
        return logits


def has_openvino() -> bool:
    """Tells whether OpenVINO is there and runs."""
    try:
        load_core()
    except (ImportError, RuntimeError):
        return False
    return True


def compile_graph(graph: Model, precision: Precision) -> CompiledModel:
    """Compiles a graph for this machine's CPU."""
    settings = {
        # Left to itself it takes bfloat16 where the CPU has that.
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(_threads()),
        # Two processes would be pinned to the same cores.
        "ENABLE_CPU_PINNING": "NO",
    }
    return load_core().compile_model(graph, "CPU", settings)


def best_precision(*, quantisable: bool) -> Precision:
    """What this machine's CPU computes fastest in.

    Args:
        quantisable: Whether the model has what int8 needs.

    Returns:
        int8 where the CPU has AVX2 or more and the model allows it, else bfloat16 where it has
        instructions for that, else float32.
    """
    if quantisable and _FAST_BYTES & cpu_instructions():
        return "int8"
    abilities: list[str] = load_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bfloat16" if "BF16" in abilities else "float32"


def cpu_instructions() -> frozenset[str]:
    """Instructions of this machine's CPU that numpy found, by its names."""
    found = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return frozenset([*found.get("baseline", []), *found.get("found", [])])


def _threads() -> int:
    """As many as torch would take: OpenVINO counts the cores that this process may not use too."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def load_core() -> Core:
    """Imports OpenVINO, without its telemetry, and looks for its devices; once a process.

    Raises:
        ImportError: If it is not installed.
        RuntimeError: If it does not run here.
    """
    with _no_telemetry():
        import openvino
    return openvino.Core()


@contextmanager
def _no_telemetry() -> Iterator[None]:
    """Lets OpenVINO be imported as if its telemetry package were not installed.

    It comes with OpenVINO, and sends word of every import to a statistics service and leaves an
    identifier in the home folder unless the user has objected. Whoever segments patients does not
    expect that.
    """
    if _TELEMETRY in sys.modules:
        yield
        return
    # None makes the import fail, which OpenVINO is prepared for.
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_TELEMETRY]
