"""Tables of the benchmarks that run experiments, and what is said above them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from nnunetv2.experiment_planning.experiment_planners.network_topology import (
    get_pool_and_conv_props,
)

from benchmarks import domain_shift, domain_shift_table, five_patients, five_patients_table
from shoulderseg.nnunet_ext.plans import SMALL_MAX_STAGES
from shoulderseg.workflows.bundles.store import DEFAULT_FOLDER


def draw(usual: str, dice: dict[str, float]) -> dict[str, Any]:
    """What is read of the results of a draw."""
    rows = {
        row: {structure: {"dice": {"mean": mean}} for structure in ("anterior", "mean of both")}
        for row, mean in dice.items()
    }
    return {"usual": usual, "rows": rows}


DRAWS = [
    draw("vote3", {"vote3": 0.8, "vote3_refined": 0.9, "stock_2d": 0.7}),
    draw("vote3_refined", {"vote3": 0.8, "vote3_refined": 0.6, "stock_2d": 0.7}),
]


def test_the_row_that_counts_is_what_each_draw_had_chosen_and_stands_first() -> None:
    found = five_patients_table.summarise_draws(DRAWS)
    assert next(iter(found)) == five_patients_table.COUNTS
    counts = found[five_patients_table.COUNTS]["mean of both"]
    assert counts["dice"] == [0.8, 0.6]
    assert math.isclose(counts["difference"], 0.0, abs_tol=1e-9)
    # Picked after the fact, another row would win.
    assert found["vote3"]["mean of both"]["difference"] == pytest.approx(0.1)
    _, _, first, *others = five_patients_table.as_markdown(found).splitlines()
    assert first.startswith("| ** what predict does | 0.700 | +0.000 [")
    assert not any("**" in line for line in others)
    assert any(line.startswith("| stock nnU-Net 2d | 0.700 |  |") for line in others)


def test_a_single_draw_has_no_interval() -> None:
    found = five_patients_table.summarise_draws(DRAWS[:1])
    assert "NaN" not in json.dumps(found["vote3"]["mean of both"]["interval"])
    first = five_patients_table.as_markdown(found).splitlines()[2]
    assert first.startswith("| ** what predict does | 0.800 | +0.100 |")


def test_what_counts_and_what_stock_is_stand_above_the_table() -> None:
    cases = [f"c{number}" for number in range(40)]
    protocol = five_patients.protocol_of(five_patients.FULL, 1, cases)
    notes = "\n".join(five_patients_table.notes_of(five_patients.FULL, protocol, DRAWS))
    assert "** The row that answers the question, named before any draw was run" in notes
    assert "refined edges in 1 of 2 draws" in notes
    assert "three U-Nets (3 x 400 steps) and an AlexNet (400 steps)" in notes
    assert "not the network that nnU-Net plans" in notes


def test_all_draws_test_the_same_patients() -> None:
    cases = [f"c{number:02d}" for number in range(40)]
    first, second = (
        five_patients.protocol_of(five_patients.FULL, number, cases) for number in (1, 2)
    )
    assert first.test_on == second.test_on
    assert len(set(first.test_on)) == five_patients.TESTED
    assert (first.seed, second.seed) == (1, 2)


def test_the_caption_says_that_the_bundle_has_seen_such_images() -> None:
    scores = {
        f"{name}_{n}": {"humerus": 0.5, "glenoid": 0.5} for name in ("home", "away") for n in (1, 2)
    }
    ways = {
        domain_shift.STOCK_WAY: scores,
        f"vote, {domain_shift.SCRATCH}": scores,
        f"vote, {domain_shift.FROM_BUNDLE}": scores,
        domain_shift.AS_IT_IS: scores,
    }
    lines = domain_shift_table.as_markdown(domain_shift_table.compare_ways(ways)).splitlines()
    assert ["*" in line for line in lines[2:]] == [False, False, True, True]
    assert "small plans" in lines[2]
    effort = domain_shift.FULL
    told = " ".join(
        domain_shift_table.caption(effort, domain_shift.protocol_of(effort, start_from=None))
    )
    assert "* The default bundle learned from phantoms of every sequence and plane" in told
    assert "no step to an unseen scanner" in told
    assert "0.002" in told
    assert "not the network that nnU-Net plans" in told


@pytest.mark.parametrize("effort", [domain_shift.QUICK, domain_shift.FULL], ids=["quick", "full"])
def test_the_phantoms_are_planned_as_deep_as_the_default_bundle(
    effort: domain_shift_table.Effort,
) -> None:
    plans = json.loads((Path(DEFAULT_FOLDER) / "plans.json").read_text())
    bundle = plans["configurations"]["2d"]["architecture"]["arch_kwargs"]["n_stages"]
    pools, *_ = get_pool_and_conv_props((1.0, 1.0), effort.shape[1:], 4, 999999)
    assert min(1 + max(pools), SMALL_MAX_STAGES) == bundle
