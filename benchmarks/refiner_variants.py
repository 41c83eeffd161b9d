"""The refiner's variants: trained per fold, each with the rules that cross-validation favours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.refine.edges import EdgeRule
from shoulderseg.refine.ensemble import ClassifyConfig
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet, load_alexnet
from shoulderseg.refine.precision import has_fast_half
from shoulderseg.refine.training import TrainingConfig
from shoulderseg.workflows.refiner.cases import RefinerCases, cases_digest
from shoulderseg.workflows.refiner.rule import rule_grid
from shoulderseg.workflows.refiner.training import RefinerPlan, held_out_dice, train_fold

STEPS, BATCH_SIZE, SEED = 50, 128, 1
# What the classifier sees; where there are two patch sizes, cross-validation takes one. 56 pixels
# with a stride of 2 cost what 32 do with 1.
KINDS = {
    "image": [AlexNetConfig(), AlexNetConfig(patch_size=56, stride=2)],
    "image + votes": [AlexNetConfig(votes=3)],
    "2.5D": [AlexNetConfig(neighbours=1)],
    "2.5D + votes": [AlexNetConfig(neighbours=1, votes=3)],
}
# The ways to decide that the study compares.
WAYS = ("replace", "fuse", "uncertain only")


class Effort(NamedTuple):
    """How much is trained."""

    patients: int
    folds: int
    trained: int
    unet_epochs: int
    refiner_epochs: int


class Trained(NamedTuple):
    """One variant after cross-validation.

    Attributes:
        kind: What it sees.
        network: Its shape.
        models: One classifier a fold.
        rules: For each way to decide the rule with the best held-out Dice.
        gains: That rule's mean gain in Dice over the vote, on held-out training patients.
    """

    kind: str
    network: AlexNetConfig
    models: list[PatchAlexNet]
    rules: dict[str, EdgeRule]
    gains: dict[str, float]

    def describe_rules(self) -> str:
        """Returns the rules in words, with their gains on held-out training patients."""
        return "; ".join(
            f"{way}: band {rule.band_mm:g} mm, trust {rule.trust:g}, gain {self.gains[way]:+.4f}"
            for way, rule in self.rules.items()
        )

    @property
    def best_way(self) -> str:
        """The way to decide with the best held-out gain."""
        return max(self.gains, key=lambda way: self.gains[way])


def train_variants(cases: RefinerCases, folder: Path, effort: Effort, device: str) -> list[Trained]:
    """Trains every variant in every fold, or loads what is there, and picks rules."""
    config = TrainingConfig(
        epochs=effort.refiner_epochs,
        steps_per_epoch=STEPS,
        batch_size=BATCH_SIZE,
        pixel_mm=cases.pixel_mm,
        half=has_fast_half(device),
    )
    found = []
    for kind, networks in KINDS.items():
        for network in networks:
            plan = RefinerPlan(network, config, SEED)
            name = f"{kind.replace(' ', '')}_{network.patch_size}"
            models = {}
            for fold in cases.voted:
                state = train_fold(cases, fold, plan, folder / name / f"fold_{fold}", device)
                models[fold] = load_alexnet(network, state.best_weights)
                print(f"{name} fold {fold}: accuracy {state.best_score:.4f}", flush=True)
            found.append(_choose_rules(cases, kind, network, models, folder / name, device))
    return found


def choose_trained(trained: list[Trained], kind: str) -> Trained:
    """Returns the patch size with the best held-out gain."""
    own = [one for one in trained if one.kind == kind]
    return max(own, key=lambda one: one.gains[one.best_way])


def _choose_rules(
    cases: RefinerCases,
    kind: str,
    network: AlexNetConfig,
    models: Mapping[str, PatchAlexNet],
    folder: Path,
    device: str,
) -> Trained:
    rules = rule_grid(cases.pixel_mm)
    dice = _held_out(cases, models, rules, folder / "held_out.json", device)
    gains = (dice[:, 1:] - dice[:, :1]).mean(axis=0)
    ways = [_way(rule) for rule in rules]
    best = {
        way: max((i for i, other in enumerate(ways) if other == way), key=lambda i: gains[i])
        for way in WAYS
    }
    return Trained(
        kind,
        network,
        list(models.values()),
        {way: rules[index] for way, index in best.items()},
        {way: float(gains[index]) for way, index in best.items()},
    )


def _way(rule: EdgeRule) -> str:
    if rule.uncertain_only:
        return "uncertain only"
    return "replace" if rule.trust == 1.0 else "fuse"


def _held_out(
    cases: RefinerCases,
    models: Mapping[str, PatchAlexNet],
    rules: list[EdgeRule],
    path: Path,
    device: str,
) -> npt.NDArray[np.float64]:
    """Held-out Dice of every rule; kept in a file for the next call."""
    key = f"{cases_digest(cases)} {_digest(models)} {rules}"
    if path.is_file():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["key"] == key:
            return np.array(stored["dice"])
    config = ClassifyConfig(pixel_mm=cases.pixel_mm)
    dice = held_out_dice(cases, models, rules, config, device)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"key": key, "dice": dice.tolist()}))
    part.replace(path)
    return dice


def _digest(models: Mapping[str, PatchAlexNet]) -> str:
    digest = hashlib.sha256()
    for model in models.values():
        for tensor in model.state_dict().values():
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
