"""Measures how long a training step takes, and how much of it the synthesis of its images does.

    python benchmarks/synthesis.py MAPS [--quick] [--device cpu] [--json FILE]

MAPS is a raw dataset with partial volume maps. The network is the small one of the default bundle,
with deep supervision; the loss stands for nnU-Net's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

from shoulderseg.nnunet_ext.synthesis.loader import SyntheticBatches
from shoulderseg.nnunet_ext.synthesis.resident import load_case
from shoulderseg.nnunet_ext.synthesis.synthesise import Patch
from shoulderseg.nnunet_ext.synthesis.variation import Variation
from shoulderseg.nnunet_ext.synthesis.volumes import find_partial_volumes, read_partial_volumes

PLANS = Path(__file__).parents[1] / "workflows" / "bundles" / "default_bundle" / "plans.json"
MOST_MAPS = 4

Result = TypeVar("Result")


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path)
    parser.add_argument("--quick", action="store_true", help="two steps of small patches")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = torch.device(options.device)
    plans = json.loads(PLANS.read_text())
    configuration = plans["configurations"]["2d"]
    rows_mm, columns_mm = configuration["spacing"]
    paths = list(find_partial_volumes(options.maps).values())[:MOST_MAPS]
    began = time.perf_counter()
    generator = torch.Generator().manual_seed(0)
    cases = [load_case(read_partial_volumes(path), device, generator) for path in paths]
    loading = (time.perf_counter() - began) / len(cases)
    print(f"{len(cases)} maps, {loading:.2f} s each to load, on {device}")
    figures = []
    for side in (64,) if options.quick else (192, 256):
        patch = Patch((side, side), (rows_mm, columns_mm), ((1,),))
        batches = SyntheticBatches(cases, patch, Variation(), "benchmark")
        steps = 2 if options.quick else 12
        step = _network_step(configuration["architecture"], device)
        made, trained = [], []
        for number in range(steps + 1):
            seconds, (images, targets) = _timed(
                partial(batches.batch, number, options.batch), device
            )
            made.append(seconds)
            seconds, _ = _timed(partial(step, images, targets), device)
            trained.append(seconds)
        # The first of each allocates memory.
        synthesis, network = (statistics.median(times[1:]) for times in (made, trained))
        share = synthesis / (synthesis + network)
        print(
            f"{options.batch} patches of {side} x {side}: synthesis {synthesis:.3f} s "
            f"({1000 * synthesis / options.batch:.0f} ms each), network {network:.3f} s, "
            f"share of the step {share:.0%}"
        )
        figures.append({"side": side, "synthesis_s": synthesis, "network_s": network})
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _network_step(
    architecture: dict[str, object], device: torch.device
) -> Callable[[torch.Tensor, torch.Tensor], None]:
    """A step of the network by gradient descent."""
    network = get_network_from_plans(
        architecture["network_class_name"],
        architecture["arch_kwargs"],
        architecture["_kw_requires_import"],
        1,
        1,
        deep_supervision=True,
    ).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.99, nesterov=True)

    def step(images: torch.Tensor, targets: torch.Tensor) -> None:
        optimizer.zero_grad()
        with torch.autocast(device.type, enabled=device.type == "cuda"):
            outputs = network(images)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                outputs[0].float(), targets.float()
            )
            loss = loss + sum(output.float().square().mean() for output in outputs[1:])
        loss.backward()
        optimizer.step()

    return step


def _timed(work: Callable[[], Result], device: torch.device) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()
