"""Draws findings that occur together: unstable, arthritic, torn and sound shoulders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.findings import Findings

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.options import Health

# Of a hundred shoulders that are scanned. Our estimate: most are scanned for cuff or instability.
_MIXTURE: dict[Health, float] = {
    "healthy": 0.4,
    "instability": 0.2,
    "arthrosis": 0.15,
    "cuff-tear": 0.25,
}

# What is left of the most worn cartilage: coarse voxels of the two bones keep apart.
LEAST_CARTILAGE = 0.35


def draw_findings(
    health: Health,
    bone_loss_percent: float | None,
    dimensions: Dimensions,
    rng: np.random.Generator,
) -> Findings:
    """Draws the findings of one shoulder.

    Args:
        health: Kind of shoulder, or a mixture.
        bone_loss_percent: Sets the glenoid's bone loss whatever the kind.
        dimensions: The person, for defects in proportion.
        rng: Source of the values.

    Returns:
        The findings.
    """
    kind = health
    if kind == "mixed":
        kind = list(_MIXTURE)[rng.choice(len(_MIXTURE), p=list(_MIXTURE.values()))]
    findings = Findings(
        fatty_infiltration=float(rng.uniform(0.0, 0.1)),
        effusion_mm=float(rng.choice([0.0, rng.uniform(0, 0.9)])),
        bursa_mm=float(rng.choice([0.0, 0.0, rng.uniform(0, 0.4)])),
        red_marrow=float(rng.beta(2, 2)),
        physeal_scar=float(rng.beta(2, 2.5)),
    )
    if kind == "instability":
        findings = _unstable(findings, dimensions, rng)
    elif kind == "arthrosis":
        findings = _arthritic(findings, rng)
    elif kind == "cuff-tear":
        findings = _torn(findings, dimensions, rng)
    if bone_loss_percent is not None:
        findings = replace(findings, glenoid_bone_loss_percent=bone_loss_percent)
    return findings


def wear_cartilage(dimensions: Dimensions, findings: Findings) -> Dimensions:
    """Thins the cartilage of both bones by what is lost, so that the joint narrows.

    Args:
        dimensions: The person as drawn.
        findings: How much of the cartilage is lost.

    Returns:
        The same person with what is left of it.
    """
    left = max(1 - findings.cartilage_loss, LEAST_CARTILAGE)
    return replace(
        dimensions,
        humeral_cartilage_mm=dimensions.humeral_cartilage_mm * left,
        glenoid_cartilage_mm=dimensions.glenoid_cartilage_mm * left,
    )


def _unstable(findings: Findings, dimensions: Dimensions, rng: np.random.Generator) -> Findings:
    width = float(rng.uniform(0.5, 0.95) * dimensions.head_radius_mm)
    # The ball that makes the defect must reach deeper than the chord of its opening.
    head = dimensions.head_radius_mm
    chord = head - float(np.sqrt(head * head - width * width / 4))
    return replace(
        findings,
        glenoid_bone_loss_percent=float(rng.choice([0.0, rng.uniform(3, 25)])),
        hill_sachs_depth_mm=chord + float(rng.uniform(1.5, 6.0)),
        hill_sachs_width_mm=width,
        effusion_mm=float(rng.uniform(0, 5)),
        oedema_radius_mm=_oedema_mm(rng, chance=0.5),
        oedema_centre_mm=_near((0.2, 0.6, 0.35), dimensions, rng),
    )


def _arthritic(findings: Findings, rng: np.random.Generator) -> Findings:
    worn = float(rng.uniform(0.2, 1 - LEAST_CARTILAGE))
    return replace(
        findings,
        cartilage_loss=worn,
        humeral_osteophyte_mm=float(rng.uniform(2, 9) * worn + 1),
        glenoid_osteophyte_mm=float(rng.uniform(1, 4) * worn + 1),
        effusion_mm=float(rng.uniform(0, 6)),
        fatty_infiltration=float(rng.uniform(0.05, 0.3)),
    )


def _torn(findings: Findings, dimensions: Dimensions, rng: np.random.Generator) -> Findings:
    gap = float(rng.uniform(4, 30))
    return replace(
        findings,
        cuff_tear_mm=gap,
        bursa_mm=float(rng.uniform(0.3, 3)),
        effusion_mm=float(rng.uniform(0, 5)),
        fatty_infiltration=float(np.clip(rng.uniform(0, 0.02) * gap, 0.02, 0.6)),
        oedema_radius_mm=_oedema_mm(rng, chance=0.4),
        oedema_centre_mm=_near((0.6, 0.1, 0.35), dimensions, rng),
    )


def _oedema_mm(rng: np.random.Generator, *, chance: float) -> float:
    """Radius of a marrow oedema, or 0 for none."""
    return float(rng.uniform(6, 16)) if rng.random() < chance else 0.0


def _near(
    spot: tuple[float, float, float], dimensions: Dimensions, rng: np.random.Generator
) -> tuple[float, float, float]:
    """A place near a spot given in head radii, humerus frame, mm."""
    x, y, z = (np.array(spot) + rng.normal(0, 0.08, 3)) * dimensions.head_radius_mm
    return float(x), float(y), float(z)
