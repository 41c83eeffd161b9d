from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from shoulderseg.nnunet_ext.synthesis import physical_contrast
from shoulderseg.nnunet_ext.synthesis.appearance import (
    CHANNELS,
    Appearance,
    signal,
)
from shoulderseg.nnunet_ext.synthesis.physical_contrast import physical_appearance
from shoulderseg.nnunet_ext.synthesis.random_contrast import random_appearance
from shoulderseg.nnunet_ext.synthesis.sequences import (
    FAT_SATURATED,
    SEQUENCES,
    Protocol,
    draw_protocol,
    fat_phase,
    water_and_fat,
)
from shoulderseg.nnunet_ext.synthesis.variation import ContrastVariation
from tests.nnunet_ext.synthesis.bodies import FAT, GLENOID_MARROW, MARROW

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase

SHAPE = (32, 40)
# The head's middle is in the first corner.
AWAY_MM = torch.hypot(torch.arange(32.0)[:, None], torch.arange(40.0)[None, :])
SPIN_ECHO = Protocol("t1-se", 1.5, 500, 10, 100, 50, 90)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tissue(**changed: float) -> dict[str, torch.Tensor]:
    values = {"water_density": 1.0, "fat_density": 1.0, "t1_ms": 1000.0, "t2_ms": 50.0}
    values |= {"t2star_ms": 20.0, "fat_t1_ms": 288.0, "fat_t2_train_ms": 165.0}
    values |= {"fat_t2_single_ms": 75.0, "fat_t2star_ms": 30.0}
    return {name: torch.tensor(value) for name, value in (values | changed).items()}


def test_a_spin_echo_follows_its_equation() -> None:
    water, fat = water_and_fat(tissue(), SPIN_ECHO)
    recovered = 1 - 2 * math.exp(-495 / 1000) + math.exp(-500 / 1000)
    assert float(water) == pytest.approx(recovered * math.exp(-10 / 50), rel=1e-5)
    assert float(fat) > float(water)


def test_a_turbo_spin_echo_with_a_long_echo_shows_fluid() -> None:
    protocol = Protocol("t2-tse", 1.5, 4000, 90, 100, 120, 90)
    muscle, _ = water_and_fat(tissue(), protocol)
    fluid, _ = water_and_fat(tissue(t1_ms=2850.0, t2_ms=1210.0), protocol)
    assert float(fluid) > 3 * float(muscle)


def test_stir_nulls_fat_and_turns_muscle_around() -> None:
    fat_t1, tr = 288.0, 4000.0
    null = fat_t1 * (math.log(2) - math.log1p(math.exp(-tr / fat_t1)))
    water, fat = water_and_fat(tissue(), Protocol("stir", 1.5, tr, 30, null, 60, 90))
    assert float(fat) == pytest.approx(0, abs=1e-5)
    assert float(water) < -0.2


def test_stir_is_drawn_three_times_as_often_as_each_other_sequence() -> None:
    draws = generator(5)
    drawn = Counter(draw_protocol((0.2, 3.0), 288.0, draws).sequence for _ in range(1800))

    assert drawn.keys() == set(SEQUENCES)
    assert drawn.pop("stir") == pytest.approx(540, abs=80)
    assert list(drawn.values()) == pytest.approx([180] * 7, abs=55)


def test_fat_is_saturated_where_the_field_can() -> None:
    drawn = [draw_protocol((0.2, 3.0), 288.0, generator(seed)) for seed in range(400)]
    fields = {True: [1.0], False: [1.0]}
    for protocol in drawn:
        fields[protocol.sequence in FAT_SATURATED].append(protocol.field_t)
    assert min(fields[True]) >= 1
    assert max(fields[True]) > 2.5
    assert min(fields[False]) < 0.3
    # Who trains for a weak magnet alone has its field.
    weak = [draw_protocol((0.2, 0.4), 288.0, generator(seed)).field_t for seed in range(100)]
    assert max(weak) <= 0.4


def test_inversion_times_drawn_for_stir_nearly_null_fat() -> None:
    drawn = (draw_protocol((0.2, 3.0), 288.0, generator(seed)) for seed in range(300))
    stir = [protocol for protocol in drawn if protocol.sequence == "stir"]
    assert len(stir) > 20
    left = [abs(float(water_and_fat(tissue(), protocol)[1])) for protocol in stir]
    assert sum(left) / len(left) < 0.12
    assert {round(protocol.field_t) for protocol in stir} >= {0, 1, 2}


def test_fat_opposes_water_in_a_gradient_echo_at_half_a_turn() -> None:
    te = 500 / (3.5 * 42.577 * 1.5)
    assert fat_phase(Protocol("gre", 1.5, 100, te, 0, 0, 30)) == pytest.approx(-1)
    assert fat_phase(SPIN_ECHO) == 1


def test_t1_grows_with_the_field_and_fluid_hardly_changes() -> None:
    low, high = (replace(SPIN_ECHO, field_t=field) for field in (0.25, 3.0))
    assert float(water_and_fat(tissue(), low)[0]) > float(water_and_fat(tissue(), high)[0])
    fluid = tissue(t1_ms=2850.0)
    assert float(water_and_fat(fluid, low)[0]) == float(water_and_fat(fluid, high)[0])


@pytest.mark.parametrize("draw", [random_appearance, physical_appearance])
def test_a_look_is_decided_by_its_generator(case: ResidentCase, draw: object) -> None:
    assert callable(draw)
    one, again, other = (
        draw(case.tissues, AWAY_MM, ContrastVariation(), generator(seed)) for seed in (4, 4, 5)
    )
    assert torch.equal(one.table, again.table)
    assert torch.equal(one.fields, again.fields)
    assert not torch.equal(one.table, other.table)
    assert one.fields.shape == (CHANNELS, *SHAPE)
    assert torch.isfinite(one.table).all()


def test_gadolinium_in_the_joint_is_the_brightest_where_fat_is_saturated(
    case: ResidentCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    saturated = replace(SPIN_ECHO, sequence="t1-fs")
    monkeypatch.setattr(physical_contrast, "draw_protocol", lambda *_: saturated)
    joint = replace(case.tissues, kinds={**case.tissues.kinds, "fluid": [GLENOID_MARROW]})
    water = []
    for share in (0.0, 1.0):
        variation = ContrastVariation(
            contrast_agent_share=share, relaxation=0, remixed_share=0, transfer=(0, 0)
        )
        look = physical_appearance(joint, AWAY_MM, variation, generator(3))
        water.append(float(look.table[GLENOID_MARROW, 0] / look.table[FAT, 0]))
    # 900 ms recover 42 % of the magnetisation in 500 ms, 300 ms and less 81 % and more.
    assert water[1] > 1.8 * water[0]


def test_structures_of_a_kind_are_alike_as_often_as_told(case: ResidentCase) -> None:
    for share in (0.0, 1.0):
        variation = ContrastVariation(
            alike_share=dict.fromkeys(ContrastVariation().alike_share, share), merged_share=0
        )
        apart = []
        for seed in range(40):
            table = random_appearance(case.tissues, AWAY_MM, variation, generator(seed)).table
            apart.append(abs(float(table[MARROW, 0] - table[GLENOID_MARROW, 0])))
        # Uniform means differ by a third on average.
        assert (sum(apart) / 40 < 0.08) is (share == 1)
        assert share == 1 or sum(apart) / 40 > 0.2


def test_neighbours_merge_when_told(case: ResidentCase) -> None:
    alike = dict.fromkeys(ContrastVariation().alike_share, 1.0)
    for merged in (0.0, 1.0):
        variation = ContrastVariation(alike_share=alike, merged_share=merged)
        apart = []
        for seed in range(40):
            table = random_appearance(case.tissues, AWAY_MM, variation, generator(seed)).table
            apart.append(abs(float(table[FAT, 0] - table[MARROW, 0])))
        # The median: a random pair is merged beside the neighbours.
        assert (sorted(apart)[20] < 0.08) is (merged == 1)


def test_the_signal_is_a_magnitude_of_water_and_fat() -> None:
    values = torch.ones((CHANNELS, 2, 2))
    half = CHANNELS // 2
    look = Appearance(torch.zeros((256, CHANNELS)), torch.ones((CHANNELS, 2, 2)), half, -0.5)
    assert torch.allclose(signal(values, look), torch.full((2, 2), half / 2))
    turned = replace(look, fat_factor=1j)
    assert torch.allclose(signal(values, turned), torch.full((2, 2), half * math.sqrt(2)))
