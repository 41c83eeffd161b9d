"""How structures look: fat beside water, marrow in zones, muscle and compact bone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from shoulderseg.nnunet_ext.synthesis.appearance import (
    CHANNELS,
    Appearance,
    marrow_zone,
    mean_level,
    signal,
)
from shoulderseg.nnunet_ext.synthesis.physical_contrast import physical_appearance
from shoulderseg.nnunet_ext.synthesis.random_contrast import random_appearance
from shoulderseg.nnunet_ext.synthesis.tissues import Tissues, gather_tissues
from shoulderseg.nnunet_ext.synthesis.variation import ContrastVariation
from shoulderseg.nnunet_ext.synthesis.volumes import Part
from tests.nnunet_ext.synthesis.bodies import FAT, GLENOID_MARROW, MARROW
from tests.nnunet_ext.synthesis.test_contrast import AWAY_MM, generator, tissue

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[[Tissues, torch.Tensor, ContrastVariation, torch.Generator], Appearance]

CORTEX, MUSCLE = 3, 4


@pytest.fixture
def body() -> Tissues:
    """Fat, compact bone, muscle with a little fat, and marrow of both bones."""
    made = {
        FAT: (("fat", 1.0),),
        CORTEX: (("cortical_bone", 1.0),),
        MUSCLE: (("muscle", 0.9), ("fat", 0.1)),
        MARROW: (("yellow_marrow", 0.8), ("red_marrow", 0.2)),
        GLENOID_MARROW: (("yellow_marrow", 0.4), ("red_marrow", 0.6)),
    }
    water = {"fat": 0.06, "cortical_bone": 0.1, "muscle": 0.8, "yellow_marrow": 0.1}
    values = {name: float(value) for name, value in tissue().items()}

    def part(material: str, share: float) -> Part:
        held = water.get(material, 0.5)
        return Part(
            material,
            share,
            values | {"water_density": held, "fat_density": 0.9 - held, "share": share},
        )

    return gather_tissues(
        {number: tuple(part(*one) for one in parts) for number, parts in made.items()}
    )


def test_fat_lies_beside_its_place_and_water_does_not() -> None:
    half = CHANNELS // 2
    values = torch.zeros((CHANNELS, 5, 6))
    values[0, 2, 2], values[half, 2, 2] = 4.0, 8.0
    look = Appearance(torch.zeros((256, CHANNELS)), torch.ones((CHANNELS, 5, 6)), half)

    def seen(down: float, along: float) -> dict[tuple[int, int], float]:
        found = signal(values, replace(look, fat_shift=(down, along)))
        return {
            (int(row), int(column)): float(found[row, column]) for row, column in found.nonzero()
        }

    assert seen(0, 0) == {(2, 2): 12}
    assert seen(0, 2) == {(2, 2): 4, (2, 4): 8}
    assert seen(-1.25, 0) == {(2, 2): 4, (1, 2): 6, (0, 2): 2}


def test_what_moves_in_at_the_edge_is_as_at_the_edge() -> None:
    half = CHANNELS // 2
    values = torch.zeros((CHANNELS, 3, 4))
    values[half] = torch.arange(4.0)
    look = Appearance(
        torch.zeros((256, CHANNELS)), torch.ones((CHANNELS, 3, 4)), half, fat_shift=(0.0, 2.0)
    )

    assert signal(values, look)[1].tolist() == [0, 0, 0, 1]


def test_a_zone_begins_at_its_distance_from_the_head() -> None:
    variation = ContrastVariation(zoned_share=1, zone_mm=(20, 20))
    zone = marrow_zone(AWAY_MM, variation, generator(0))

    assert zone is not None
    assert float(zone[AWAY_MM < 10].max()) < 0.05
    assert float(zone[AWAY_MM > 30].min()) > 0.95
    assert marrow_zone(AWAY_MM, replace(variation, zoned_share=0), generator(0)) is None


@pytest.mark.parametrize("draw", [random_appearance, physical_appearance])
def test_marrow_alone_differs_between_zones(body: Tissues, draw: Draw) -> None:
    variation = ContrastVariation(
        zoned_share=1,
        zone_mm=(20, 20),
        remixed_share=1,
        septa_share=0,
        most_splits=0,
        texture=(0, 0),
    )
    steps = []
    for seed in range(12):
        look = draw(body, AWAY_MM, variation, generator(seed))
        # Without textures, in the first corner and in the last.
        plain = look.fields.clone()
        if look.fat != CHANNELS:
            for start in (0, look.fat):
                plain[start + 1 : start + 4] = 0
        near, far = (
            signal(
                look.table[[FAT, MARROW]].T[..., None].contiguous(),
                replace(
                    look,
                    fields=plain[:, row, column][:, None, None],
                    fat_factor=1.0,
                    fat_shift=(0.0, 0.0),
                ),
            )[:, 0]
            for row, column in ((0, 0), (31, 39))
        )
        assert float(near[0]) == pytest.approx(float(far[0]), abs=1e-3)
        steps.append(abs(float(near[1] - far[1])))
    assert sum(steps) / 12 > 0.03


def test_the_marrow_of_each_bone_is_mixed_anew(body: Tissues) -> None:
    variation = ContrastVariation(relaxation=0, transfer=(0, 0), zoned_share=0, remixed_share=1)
    ratios = set()
    for seed in range(20):
        table = physical_appearance(body, AWAY_MM, variation, generator(seed)).table
        ratios.add(round(float(table[MARROW, 0] / table[GLENOID_MARROW, 0]), 3))
    assert len(ratios) > 15


def test_transfer_takes_water_from_muscle_and_none_from_marrow(body: Tissues) -> None:
    plain = ContrastVariation(relaxation=0, remixed_share=0, lean=(1, 1), transfer=(0, 0))
    for seed in range(10):
        without, with_ = (
            physical_appearance(body, AWAY_MM, variation, generator(seed)).table
            for variation in (plain, replace(plain, transfer=(0.25, 0.25)))
        )
        # Each look is scaled by its brightest mean.
        kept = float(with_[MUSCLE, 0] / without[MUSCLE, 0]) / float(
            with_[MARROW, 0] / without[MARROW, 0]
        )
        assert kept == pytest.approx(0.75, rel=1e-4)


def test_what_is_dark_is_hardly_mottled(body: Tissues) -> None:
    variation = ContrastVariation(texture=(0.1, 0.1))
    signs = set()
    for seed in range(10):
        table = random_appearance(body, AWAY_MM, variation, generator(seed)).table
        assert float(table[CORTEX, 1].abs()) <= 0.1 * (0.1 + float(table[CORTEX, 0])) + 1e-6
        assert float(table[MUSCLE, 1].abs()) == pytest.approx(0.1)
        signs.add(float(table[MUSCLE, 1]) > 0)
    assert signs == {True, False}


def test_lines_in_muscle_are_as_bright_as_fat_at_most(body: Tissues) -> None:
    variation = ContrastVariation(septa_share=1)
    for seed in range(10):
        look = random_appearance(body, AWAY_MM, variation, generator(seed))
        step, room = (
            float(look.table[MUSCLE, -2]),
            float(look.table[FAT, 0] - look.table[MUSCLE, 0]),
        )
        assert 0 <= step / room <= 1
        assert 0 < float(look.fields[-2].mean()) < 0.5
        assert float(look.table[MARROW, -2]) == 0


def test_the_mean_level_is_that_of_the_signal() -> None:
    half = CHANNELS // 2
    table = torch.zeros((256, CHANNELS))
    table[3, 0], table[3, half], table[4, 0], table[4, half] = 1.0, 6.0, 3.0, 2.0
    look = Appearance(table, torch.ones((CHANNELS, 2, 2)), half, -1.0)

    assert float(mean_level(look, [3, 4])) == 2
    assert float(mean_level(replace(look, fat=CHANNELS), [3])) == 1
