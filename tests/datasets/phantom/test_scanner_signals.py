"""The grey values of materials and structures, as every radiologist knows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.scanner.equations import (
    nulling_inversion_ms,
    opposed_te_ms,
    turbo_spin_echo,
)
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES
from shoulderseg.datasets.phantom.scanner.relaxation import TISSUES, relaxation
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scanner.signals import (
    FAT_SATURATED,
    fat_phase,
    material_signals,
    reference_signal,
    structure_signals,
)
from shoulderseg.datasets.phantom.structures import COMPOSITION, Material, Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.scanner.protocol import Plane, Protocol, Sequence

FIELDS = st.sampled_from([1.5, 3.0])
SEEDS = st.integers(0, 2**32 - 1)


def draw(sequence: Sequence, seed: int, field_t: float, plane: Plane = "axial") -> Protocol:
    return sample_protocol(sequence, plane, np.random.default_rng(seed), field_t=field_t)


def brightness(protocol: Protocol) -> dict[str, float]:
    """Magnitude of each material, with fat saturated where the sequence does so."""
    water, fat = material_signals(protocol).T
    kept = 0.0 if protocol.sequence in FAT_SATURATED else fat_phase(protocol)
    return {m.name: float(abs(water[m] + kept * fat[m])) for m in Material}


@given(seed=SEEDS, field_t=FIELDS)
def test_t1_shows_fat_above_muscle_above_fluid(seed: int, field_t: float) -> None:
    grey = brightness(draw("t1-se", seed, field_t))
    assert grey["FAT"] > grey["RED_MARROW"] > grey["MUSCLE"] > grey["FLUID"]
    assert grey["FAT"] > grey["YELLOW_MARROW"] > 1.8 * grey["MUSCLE"]


@given(seed=SEEDS, field_t=FIELDS)
def test_fat_saturated_pd_shows_fluid_above_cartilage_above_muscle_above_marrow(
    seed: int, field_t: float
) -> None:
    grey = brightness(draw("pd-fs", seed, field_t))
    assert grey["FLUID"] > grey["CARTILAGE"] > grey["MUSCLE"] > grey["YELLOW_MARROW"]
    assert grey["OEDEMA"] > 2 * grey["RED_MARROW"]


@given(seed=SEEDS, field_t=FIELDS)
def test_fat_saturated_t2_shows_fluid_brightest_and_fat_dark(seed: int, field_t: float) -> None:
    grey = brightness(draw("t2-fs", seed, field_t))
    assert max(grey, key=lambda name: grey[name]) == "FLUID"
    assert grey["FAT"] < 0.1 * grey["FLUID"]


ALL_FIELDS = st.one_of(FIELDS, st.floats(0.2, 0.5))


@given(seed=SEEDS, field_t=ALL_FIELDS)
def test_stir_shows_fluid_brightest_and_nulls_fat(seed: int, field_t: float) -> None:
    protocol = draw("stir", seed, field_t)
    grey = brightness(protocol)
    assert max(grey, key=lambda name: grey[name]) == "FLUID"
    assert grey["FLUID"] > grey["OEDEMA"] > 1.3 * grey["YELLOW_MARROW"]
    assert grey["MUSCLE"] > 1.5 * grey["FAT"]
    assert grey["MUSCLE"] > 1.5 * grey["YELLOW_MARROW"]
    # At the inversion time of the field's own null nothing of fat is left, elsewhere little.
    train_ms = protocol.echo_spacing_ms * protocol.echo_train
    fat_t1_ms = relaxation(field_t).fat_t1_ms
    null_ms = nulling_inversion_ms(fat_t1_ms, protocol.tr_ms, train_ms)
    assert 0.93 <= protocol.inversion_ms / null_ms <= 1.07
    nulled = material_signals(replace(protocol, inversion_ms=null_ms))
    assert np.abs(nulled[:, 1]).max() < 1e-5
    dense = turbo_spin_echo(1, fat_t1_ms, 100, protocol.tr_ms, 0, train_ms)
    assert np.abs(material_signals(protocol)[Material.FAT, 1]) < 0.08 * dense


def test_fat_is_nulled_earlier_in_weaker_magnets() -> None:
    delays = [draw("stir", 0, field_t).inversion_ms for field_t in (0.2, 0.5, 1.5, 3.0)]
    assert delays == sorted(delays)
    # What scanners use: some 150 to 180 ms at 1.5 T, 200 to 240 ms at 3 T.
    null_ms = [nulling_inversion_ms(relaxation(t).fat_t1_ms, 5000, 80) for t in (1.5, 3.0)]
    assert 150 < null_ms[0] < 200
    assert 200 < null_ms[1] < 260


def test_relaxation_at_low_field_follows_from_that_at_1_5_t() -> None:
    low, high = relaxation(0.375), relaxation(1.5)
    assert low.t1_ms[Material.MUSCLE] == pytest.approx(1130 * 0.25**0.4)
    assert low.t1_ms[Material.FLUID] > 0.9 * high.t1_ms[Material.FLUID]
    assert low.fat_t1_ms == pytest.approx(288 * 0.25**0.3)
    np.testing.assert_array_equal(low.t2_ms, high.t2_ms)
    # A quarter of the uneven field, a quarter of the dephasing.
    uneven = 1 / low.t2star_ms - 1 / low.t2_ms
    np.testing.assert_allclose(uneven, (1 / high.t2star_ms - 1 / high.t2_ms) / 4)
    np.testing.assert_array_equal(low.water_density, high.water_density)


@given(seed=SEEDS, field_t=FIELDS, sequence=st.sampled_from(["pd-tse", "t2-tse"]))
def test_fat_stays_bright_in_turbo_spin_echo(seed: int, field_t: float, sequence: Sequence) -> None:
    grey = brightness(draw(sequence, seed, field_t))
    assert grey["FAT"] > 1.7 * grey["MUSCLE"]
    single = material_signals(replace(draw("t1-se", seed, field_t), tr_ms=4000, te_ms=80))
    train = material_signals(replace(draw(sequence, seed, field_t), tr_ms=4000, te_ms=80))
    assert train[Material.FAT, 1] > 1.3 * single[Material.FAT, 1]


@example(seed=2147483648, field_t=1.5, sequence="stir")
@example(seed=411605, field_t=1.5, sequence="stir")
@given(seed=SEEDS, field_t=FIELDS, sequence=st.sampled_from(SEQUENCES[:6]))
def test_air_cortical_bone_and_tendon_are_darkest(
    seed: int, field_t: float, sequence: Sequence
) -> None:
    grey = brightness(draw(sequence, seed, field_t))
    assert grey.pop("AIR") == 0
    dark = {name: grey.pop(name) for name in ("CORTICAL_BONE", "TENDON")}
    # A flow void is black too, and so are lungs; a nearly opposed phase can cancel marrow.
    for name in ("BLOOD", "LUNG", "RED_MARROW", "OEDEMA", "YELLOW_MARROW"):
        grey.pop(name)
    # STIR nulls fat, as fat saturation takes it away.
    if sequence in (*FAT_SATURATED, "stir"):
        grey.pop("FAT")
    # A ligament can be as black as a tendon.
    assert max(dark.values()) < min(grey.values()) + 1e-4 * max(grey.values())


@given(seed=SEEDS, field_t=FIELDS)
def test_flowing_blood_is_black_in_spin_echo_and_bright_in_gradient_echo(
    seed: int, field_t: float
) -> None:
    spin_echoes: tuple[Sequence, ...] = ("t1-se", "pd-tse", "t2-fs")
    for sequence in spin_echoes:
        table = structure_signals(draw(sequence, seed, field_t)).sum(axis=-1)
        assert table[Structure.ARTERY, 0] < 0.1 * table[Structure.JOINT_FLUID, 0]
        assert table[Structure.VEIN, 0] == pytest.approx(10 * table[Structure.ARTERY, 0])
    gradient_echoes: tuple[Sequence, ...] = ("gre", "dixon-water")
    for sequence in gradient_echoes:
        grey = brightness(draw(sequence, seed, field_t))
        assert grey["BLOOD"] > 1.2 * grey["MUSCLE"]
        table = structure_signals(draw(sequence, seed, field_t))
        np.testing.assert_array_equal(table[Structure.VEIN], table[Structure.ARTERY])


@given(seed=SEEDS, field_t=FIELDS, plane=st.sampled_from(PLANES))
def test_dixon_images_add_and_subtract_to_the_two_echoes(
    seed: int, field_t: float, plane: Plane
) -> None:
    protocol = draw("dixon-in", seed, field_t, plane)
    outward = replace(protocol, sequence="dixon-out", te_ms=opposed_te_ms(field_t))
    water = material_signals(replace(protocol, sequence="dixon-water")).sum(axis=1)
    fat = material_signals(replace(protocol, sequence="dixon-fat")).sum(axis=1)
    np.testing.assert_allclose(water + fat, material_signals(protocol).sum(axis=1), atol=1e-6)
    opposed = material_signals(outward)
    np.testing.assert_allclose(water - fat, opposed[:, 0] - opposed[:, 1], atol=1e-6)
    assert fat_phase(protocol) == 1
    assert fat_phase(outward) == -1


@pytest.mark.parametrize(
    ("sequence", "muscle", "cartilage"), [("pd-tse", 0.8, 0.85), ("t1-se", 0.9, 0.925)]
)
def test_muscle_and_cartilage_lose_by_magnetisation_transfer_only_in_slices(
    sequence: Sequence, muscle: float, cartilage: float
) -> None:
    slices = replace(draw(sequence, 1, 3.0), plane="axial")
    volume = replace(slices, plane="isotropic")
    ratio = material_signals(slices)[:, 0] / np.maximum(material_signals(volume)[:, 0], 1e-9)
    assert ratio[Material.MUSCLE] == pytest.approx(muscle)
    assert ratio[Material.CARTILAGE] == pytest.approx(cartilage)
    assert ratio[Material.FLUID] == pytest.approx(1)


def test_gradient_echo_fat_turns_with_the_echo_time() -> None:
    protocol = replace(draw("gre", 0, 1.5), te_ms=opposed_te_ms(1.5))
    assert fat_phase(protocol) == pytest.approx(-1)
    assert fat_phase(replace(protocol, te_ms=2 * opposed_te_ms(1.5))) == pytest.approx(1)
    assert fat_phase(replace(protocol, sequence="t1-se")) == 1


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_every_structure_has_a_signal_and_nothing_else_does(sequence: Sequence) -> None:
    protocol = draw(sequence, 0, 3.0)
    table = structure_signals(protocol)
    assert table.shape == (256, 2, 2)
    assert table.dtype == np.float32
    listed = np.zeros(256, dtype=bool)
    listed[list(COMPOSITION)] = True
    assert np.isfinite(table[listed]).all()
    assert np.isnan(table[~listed]).all()
    materials = material_signals(protocol)
    np.testing.assert_array_equal(table[Structure.LABRUM, 0], materials[Material.FIBROCARTILAGE])
    np.testing.assert_array_equal(table[Structure.LABRUM, 1], materials[Material.FLUID])
    assert reference_signal(protocol) > 0


def test_relaxation_times_are_possible() -> None:
    assert set(TISSUES) == set(Material)
    low, high = relaxation(1.5), relaxation(3.0)
    for table in (low, high):
        assert (table.t1_ms >= table.t2_ms).all()
        assert (table.t2_ms >= table.t2star_ms).all()
        assert (table.fat_t2star_ms <= table.fat_t2_single_ms).all()
        np.testing.assert_allclose(
            table.water_density + table.fat_density, [TISSUES[m].proton_density for m in Material]
        )
    # T1 grows with the field, T2 and T2* do not.
    assert (high.t1_ms >= low.t1_ms).all()
    assert (high.t2star_ms <= low.t2star_ms).all()
    assert low.t1_ms[Material.MUSCLE] == 1130
    assert high.t1_ms[Material.MUSCLE] == 1420


def test_impossible_settings_are_refused() -> None:
    protocol = draw("pd-tse", 0, 1.5)
    with pytest.raises(ValueError, match="repetition time"):
        material_signals(replace(protocol, tr_ms=protocol.echo_spacing_ms * protocol.echo_train))
    with pytest.raises(ValueError, match=r"are known; got 7\.0 T"):
        material_signals(replace(protocol, field_t=7.0))
    with pytest.raises(ValueError, match="Unknown sequence 'flair'"):
        material_signals(replace(protocol, sequence="flair"))  # type: ignore[arg-type]
