"""How one dimension varies between people: a normal or log-normal spread with cut tails."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

Sex = Literal["female", "male"]
Kind = Literal["published", "recalled", "estimate"]

# Nobody lies further out than this many SDs: about as wide as the ranges that studies of some 100
# people print, and narrow enough that the glenoid never outgrows the head.
CUT_SDS = 2.5


@dataclass(frozen=True)
class Distribution:
    """Mean and SD of one dimension, and where they come from.

    Attributes:
        female: Mean and SD among women, in `unit`, after the tails are cut.
        male: Mean and SD among men.
        unit: `mm`, `deg` or `1` for a ratio.
        kind: `published` where mean and SD follow from what was read in the source, `recalled`
            where they are cited without its page at hand, `estimate` where we set one of them.
        source: Author, journal, year and DOI, what was taken from it and what was made of it.
        shape: `normal`, or `lognormal` for thicknesses in which people differ by factors.
    """

    female: tuple[float, float]
    male: tuple[float, float]
    unit: Literal["mm", "deg", "1"]
    kind: Kind
    source: str
    shape: Literal["normal", "lognormal"] = "normal"

    def value(self, score: float, sex: Sex) -> float:
        """Gives the value of the person at the quantile of a standard normal `score`."""
        mean, sd = self.female if sex == "female" else self.male
        cut = _cut_normal(score)
        if self.shape == "normal":
            return mean + sd * cut
        log_sd = _log_sd(sd / mean)
        return mean * float(np.exp(log_sd * cut)) / _mean_exp(log_sd)

    def limits(self, sex: Sex) -> tuple[float, float]:
        """Gives the smallest and the largest value that occur."""
        return self.value(-np.inf, sex), self.value(np.inf, sex)


def _cut_normal(score: float) -> float:
    """Maps a standard normal score, by quantile, to a cut normal of mean 0 and SD 1."""
    parent = _parent_sd()
    tail = float(ndtr(-CUT_SDS / parent))
    return parent * float(ndtri(tail + ndtr(score) * (1 - 2 * tail)))


@cache
def _parent_sd() -> float:
    """Finds the SD that a normal needs so that it has SD 1 once cut at `CUT_SDS`.

    The variance of a standard normal cut at +-c is 1 - 2 c phi(c) / (2 Phi(c) - 1).
    """

    def excess(parent: float) -> float:
        cut = CUT_SDS / parent
        density = np.exp(-(cut**2) / 2) / np.sqrt(2 * np.pi)
        return float(parent**2 * (1 - 2 * cut * density / (2 * ndtr(cut) - 1)) - 1)

    return float(brentq(excess, 1.0, 1.5))


def _mean_exp(log_sd: float) -> float:
    """Gives the mean of exp(log_sd * t) for the cut normal t of `_cut_normal`."""
    spread, cut = log_sd * _parent_sd(), CUT_SDS / _parent_sd()
    mass = ndtr(cut - spread) - ndtr(-cut - spread)
    return float(np.exp(spread**2 / 2) * mass / (2 * ndtr(cut) - 1))


@cache
def _log_sd(ratio: float) -> float:
    """Finds the SD of the logarithm for which the cut log-normal has SD / mean = `ratio`."""

    def excess(log_sd: float) -> float:
        return _mean_exp(2 * log_sd) / _mean_exp(log_sd) ** 2 - 1 - ratio**2

    return float(brentq(excess, 0.0, 2.0))
