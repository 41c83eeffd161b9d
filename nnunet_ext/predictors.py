"""The networks of a model, ready to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoulderseg.nnunet_ext.cases.prepare import can_prepare
from shoulderseg.nnunet_ext.engines.choice import (
    Engine,
    EngineChoice,
    PrecisionChoice,
    choose_engine,
    load_network,
)
from shoulderseg.nnunet_ext.engines.network import Network
from shoulderseg.nnunet_ext.unet_set import UNetSet, is_quantisable
from shoulderseg.nnunet_ext.variants import WHOLE

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.nnunet_predictors import NnunetPredictors


@dataclass(frozen=True)
class Predictors:
    """The networks of a model, ready to run.

    Attributes:
        engine: What computes them.
        plans: nnU-Net's plans.
        mirroring_axes: In-plane axes of mirror images that are averaged over; None for none.
        networks: For each of the U-Nets one for each fold.
        crop: Whether they see the surroundings of the bones alone.
        in_nnunet: nnU-Net's predictors instead, on a GPU and for plans that resample otherwise.
    """

    engine: Engine
    plans: Mapping[str, Any]
    mirroring_axes: tuple[int, ...] | None
    networks: Mapping[str, Sequence[Network]]
    crop: bool = False
    in_nnunet: NnunetPredictors | None = None


def build_predictors(
    unets: UNetSet,
    device: str,
    *,
    folds: Sequence[str] | None = None,
    mirroring: bool = True,
    engine: EngineChoice = "auto",
    precision: PrecisionChoice = "auto",
    crop: bool = False,
) -> Predictors:
    """Loads the U-Nets.

    Args:
        unets: The trained U-Nets.
        device: Where the networks run: cpu, cuda or mps.
        folds: Folds whose logits are averaged; by default all.
        mirroring: Average over in-plane mirror images, as nnU-Net does by default; twice the work
            for each of the mirroring axes.
        engine: What computes the networks on a CPU, see `choose_engine`.
        precision: What they are computed in, see there.
        crop: Show the networks the surroundings of the bones alone, see `find_region`.

    Raises:
        ValueError: If a fold is not among the trained ones, the engine cannot run the networks, or
            there is no U-Net that could find where to crop.
    """
    if crop and WHOLE not in unets.weights:
        msg = "the model has no U-Net of both bones, which finds where to crop; leave --crop out"
        raise ValueError(msg)
    chosen = _folds(unets, folds)
    axes = unets.mirroring_axes if mirroring else None
    found = choose_engine(
        engine, device, unets.plans, precision=precision, quantisable=is_quantisable(unets)
    )
    if device != "cpu" or not can_prepare(unets.plans):
        from shoulderseg.nnunet_ext.nnunet_predictors import build_nnunet_predictors

        predictors = build_nnunet_predictors(unets, device, folds=chosen, mirroring=mirroring)
        return Predictors(found, unets.plans, axes, {}, crop, predictors)
    networks = {
        variant: [
            load_network(found, unets.plans, trained[fold], unets.ranges.get(variant, {}).get(fold))
            for fold in chosen[variant]
        ]
        for variant, trained in unets.weights.items()
    }
    return Predictors(found, unets.plans, axes, networks, crop)


def _folds(unets: UNetSet, folds: Sequence[str] | None) -> dict[str, list[str]]:
    """The folds of each U-Net that are used."""
    chosen = {}
    for variant, trained in unets.weights.items():
        chosen[variant] = list(trained) if folds is None else list(folds)
        unknown = [fold for fold in chosen[variant] if fold not in trained]
        if unknown or not chosen[variant]:
            msg = f"fold {unknown} is not in the model; it has {list(trained)}"
            raise ValueError(msg)
    return chosen
