"""How often the truth lies within a measure's uncertainty, and what factors make it nine in ten."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

KINDS = ("true", "predicted")
# Of fewer cases no factor is told: they cannot tell what covers nine of ten.
FEWEST = 9


def print_coverage(found: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Prints coverage with factors from the other half of the cases, and the factors from all.

    Args:
        found: For "true NAME" and "predicted NAME" an error and how well the edge is known.

    Returns:
        Coverage of each kind of mask and of both, and the factors.
    """
    inside: dict[str, list[bool]] = defaultdict(list)
    factors: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
    for key in sorted(found):
        kind, _, name = key.partition(" ")
        pairs = _known(found[key]) if kind in KINDS and " " not in name else _known([])
        if name.startswith("hill_sachs"):
            # A sound head is right by chance of having nothing to measure.
            pairs = pairs[pairs[:, 0] != 0]
        if len(pairs) < FEWEST:
            continue
        # Sound and unstable shoulders come in turn, and each half is to have both.
        pairs = pairs[np.random.default_rng(0).permutation(len(pairs))]
        factors[kind][name] = round(_factor(pairs), 2)
        for half in (0, 1):
            pair, factor = pairs[half::2], _factor(pairs[1 - half :: 2])
            inside[kind] += (np.abs(pair[:, 0]) <= factor * pair[:, 1]).tolist()
    told = {kind: float(np.mean(values)) for kind, values in inside.items()}
    told["all"] = float(np.mean([one for values in inside.values() for one in values]))
    print("\ncoverage: " + ", ".join(f"{kind} {share:.3f}" for kind, share in told.items()))
    print("FACTORS = " + json.dumps(factors, indent=4))
    return {"coverage": told, "factors": factors}


def _known(found: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Error and how well the edge is known, (n, 2), where a quality was predicted."""
    pairs: npt.NDArray[np.float64] = np.array(found, np.float64).reshape(-1, 2)
    known: npt.NDArray[np.float64] = pairs[np.isfinite(pairs[:, 1])]
    return known


def _factor(pairs: npt.NDArray[np.float64]) -> float:
    """What covers the error of another case nine times in ten (split conformal prediction)."""
    ratios = np.sort(np.abs(pairs[:, 0]) / pairs[:, 1])
    rank = int(np.ceil(0.9 * (len(ratios) + 1)))
    return float(ratios[min(rank, len(ratios)) - 1])
