"""Random protocols: plausible numbers, and the caller's wishes kept."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scanner.signals import TURBO, reference_signal
from shoulderseg.datasets.phantom.scanner.timing import draw_timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoulderseg.datasets.phantom.scanner.protocol import Plane, Protocol, Sequence

SEEDS = st.integers(0, 2**32 - 1)
ANY_SEQUENCE = st.sampled_from(SEQUENCES)
REACH_MM = {"coronal": (57, 103), "sagittal": (62, 113), "axial": (72, 113)}


@given(seed=SEEDS, sequence=ANY_SEQUENCE, plane=st.sampled_from(PLANES[:3]))
def test_slices_cover_the_shoulder(seed: int, sequence: Sequence, plane: Plane) -> None:
    protocol = sample_protocol(sequence, plane, np.random.default_rng(seed), field_t=3.0)
    slices, rows, columns = protocol.shape
    depth_mm, row_mm, column_mm = protocol.spacing_mm
    assert 14 <= slices <= 28
    assert 3 <= depth_mm <= 5.5
    assert REACH_MM[plane][0] < slices * depth_mm < REACH_MM[plane][1]
    assert 2.5 <= protocol.thickness_mm <= 5
    assert 1 - 1e-9 <= depth_mm / protocol.thickness_mm <= 1.2 + 1e-9
    assert rows == columns
    assert row_mm == column_mm
    assert 0.2 <= row_mm <= 0.8
    assert 130 <= rows * row_mm <= 200


@given(seed=SEEDS, sequence=ANY_SEQUENCE)
def test_volumes_are_isotropic_without_gap(seed: int, sequence: Sequence) -> None:
    protocol = sample_protocol(sequence, "isotropic", np.random.default_rng(seed))
    assert 90 <= protocol.shape[0] <= 130
    assert len(set(protocol.spacing_mm)) == 1
    assert 0.8 <= protocol.spacing_mm[0] <= 1.2
    assert protocol.thickness_mm == protocol.spacing_mm[0]
    assert 129 < protocol.shape[1] * protocol.spacing_mm[1] < 251


@given(seed=SEEDS, sequence=ANY_SEQUENCE, plane=st.sampled_from(PLANES))
def test_settings_are_possible(seed: int, sequence: Sequence, plane: Plane) -> None:
    protocol = sample_protocol(sequence, plane, np.random.default_rng(seed))
    low = 0.2 <= protocol.field_t <= 0.5
    assert low or protocol.field_t in (1.5, 3.0)
    assert not (low and ("fs" in sequence or "dixon" in sequence))
    assert 0 < protocol.te_ms < protocol.tr_ms
    assert (protocol.inversion_ms > 0) == (sequence == "stir")
    assert protocol.phase_axis in (1, 2)
    assert all(0.2 < share <= 1 for share in protocol.acquired_fraction)
    assert 0 in protocol.blank_fraction
    assert max(protocol.blank_fraction) <= 0.17
    # The phase axis costs time, so that it is the one to be cut.
    share = dict(zip((1, 2), protocol.acquired_fraction, strict=True))
    assert share[protocol.phase_axis] <= share[3 - protocol.phase_axis]
    assert (protocol.echo_train > 1) == (protocol.echo_spacing_ms > 0) == (sequence in TURBO)
    if sequence in TURBO:
        # The effective echo is one of the train.
        echo = protocol.te_ms / protocol.echo_spacing_ms
        assert echo == pytest.approx(round(echo))
        assert 1 <= round(echo) <= protocol.echo_train
    assert (protocol.fat_saturation_failure > 0) == sequence.endswith("-fs")
    assert 0 <= protocol.ghosting <= 0.15
    assert 0 <= protocol.coil_falloff <= 1
    assert reference_signal(protocol) > 0


@given(seed=SEEDS, plane=st.sampled_from(PLANES[:3]), sequence=st.sampled_from(["t1-se", "stir"]))
def test_weak_magnets_have_large_voxels(seed: int, plane: Plane, sequence: Sequence) -> None:
    low, high = (
        sample_protocol(sequence, plane, np.random.default_rng(seed), field_t=field_t)
        for field_t in (0.25, 1.5)
    )
    assert 4 <= low.spacing_mm[0] <= 6
    assert 0.5 <= low.spacing_mm[1] <= 1
    assert 179 < low.shape[1] * low.spacing_mm[1] < 251
    assert low.snr < high.snr
    assert low.bandwidth_hz < 0.5 * high.bandwidth_hz


def test_field_strengths_zero_filling_and_margins_vary() -> None:
    rng = np.random.default_rng(0)
    drawn = [sample_protocol("t1-se", "sagittal", rng) for _ in range(800)]
    low = [protocol for protocol in drawn if protocol.field_t < 1]
    high = [protocol for protocol in drawn if protocol.field_t > 1]
    assert 0.1 < len(low) / len(drawn) < 0.2
    assert 0.4 < np.mean([max(protocol.blank_fraction) > 0 for protocol in low]) < 0.6
    assert 0.04 < np.mean([max(protocol.blank_fraction) > 0 for protocol in high]) < 0.13
    acquired = np.array([np.prod(protocol.acquired_fraction) for protocol in high])
    assert 0.1 < (acquired < 0.4).mean() < 0.25
    assert np.mean([np.prod(protocol.acquired_fraction) < 0.4 for protocol in low]) > 0.4
    assert np.mean([protocol.coil_falloff for protocol in low]) > 0.6
    fat_saturated = [sample_protocol("pd-fs", "axial", rng).field_t for _ in range(100)]
    assert set(fat_saturated) == {1.5, 3.0}


def test_some_protocols_wrap_and_most_barely_ghost() -> None:
    rng = np.random.default_rng(0)
    drawn = [sample_protocol("pd-fs", "coronal", rng) for _ in range(600)]
    assert 0.06 < np.mean([protocol.wrap_fraction > 0 for protocol in drawn]) < 0.14
    ghosts = np.array([protocol.ghosting for protocol in drawn])
    assert np.median(ghosts) < 0.015
    assert ghosts.max() > 0.04
    assert 0.6 < np.mean([protocol.phase_axis == 1 for protocol in drawn]) < 0.8


@given(
    seed=SEEDS,
    shape=st.tuples(st.integers(1, 130), st.integers(16, 500), st.integers(16, 500)),
    spacing_mm=st.tuples(st.floats(0.3, 6), st.floats(0.2, 1.5), st.floats(0.2, 1.5)),
    plane=st.sampled_from(PLANES),
    field_t=st.sampled_from([1.5, 3.0]),
)
def test_what_the_caller_gives_wins(
    seed: int,
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    plane: Plane,
    field_t: float,
) -> None:
    draw: Callable[..., Protocol] = partial(sample_protocol, "t1-se", plane)

    def drawn(**given: object) -> Protocol:
        return draw(np.random.default_rng(seed), **given)

    both = drawn(shape=shape, spacing_mm=spacing_mm, field_t=field_t)
    assert (both.shape, both.spacing_mm, both.field_t) == (shape, spacing_mm, field_t)
    assert 0 < both.thickness_mm <= spacing_mm[0]
    shaped, free = drawn(shape=shape, field_t=field_t), drawn(field_t=field_t)
    assert shaped.shape == shape
    assert 130 <= max(shape[1:]) * shaped.spacing_mm[1] <= 200
    assert shaped.spacing_mm[1] == shaped.spacing_mm[2]
    if plane != "isotropic" and shape[0] <= free.shape[0] - 1:
        # Fewer slices make a shorter stack.
        assert shaped.spacing_mm[0] == free.spacing_mm[0]
        assert shaped.thickness_mm == free.thickness_mm
    spaced = drawn(spacing_mm=spacing_mm, field_t=field_t)
    assert spaced.spacing_mm == spacing_mm
    for count, step_mm in zip(spaced.shape[1:], spacing_mm[1:], strict=True):
        assert 130 - step_mm <= count * step_mm <= 200 + step_mm
    # Nothing but the geometry depends on what was given.
    assert spaced.snr == shaped.snr == free.snr


@given(
    seed=SEEDS,
    plane=st.sampled_from(PLANES),
    times=st.floats(1, 8),
    shape=st.one_of(st.none(), st.tuples(st.just(7), st.integers(32, 300), st.integers(32, 300))),
)
def test_coarse_pixels_show_the_same_field_of_view(
    seed: int, plane: Plane, times: float, shape: tuple[int, int, int] | None
) -> None:
    fine, coarse = (
        sample_protocol("gre", plane, np.random.default_rng(seed), shape=shape, coarsened=c)
        for c in (1.0, times)
    )
    for axis in (1, 2):
        assert coarse.shape[axis] == pytest.approx(fine.shape[axis] / times, abs=0.5)
        extents = [p.shape[axis] * p.spacing_mm[axis] for p in (fine, coarse)]
        assert extents[1] == pytest.approx(extents[0])
    assert coarse.shape[0] == fine.shape[0]
    assert coarse.spacing_mm[0] == fine.spacing_mm[0]
    assert replace(coarse, shape=fine.shape, spacing_mm=fine.spacing_mm) == fine


@pytest.mark.parametrize("plane", PLANES[:3])
def test_eight_slices_keep_the_distance_of_a_scanners(plane: Plane) -> None:
    """Eight slices over the whole reach of a stack would lie 8 to 14 mm apart."""
    rng = np.random.default_rng(3)
    drawn = [sample_protocol("pd-fs", plane, rng, shape=(8, 256, 256)) for _ in range(200)]
    steps = np.array([protocol.spacing_mm[0] for protocol in drawn])
    assert steps.min() >= 3
    assert steps.max() <= 5.5
    # They differ from scan to scan: some thin, some thick.
    assert steps.std() > 0.4
    assert all(protocol.shape == (8, 256, 256) for protocol in drawn)


def test_a_hundred_slices_keep_the_reach_of_the_stack() -> None:
    protocol = sample_protocol("pd-fs", "coronal", np.random.default_rng(2), shape=(100, 384, 320))
    assert 60 <= 100 * protocol.spacing_mm[0] <= 100
    assert protocol.thickness_mm == protocol.spacing_mm[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence": "flair"}, "Unknown sequence 'flair'; choose one of t1-se, "),
        ({"plane": "oblique"}, "Unknown plane 'oblique'; choose one of coronal, "),
        ({"field_t": 7.0}, "one of .*got 7.0 T"),
        ({"field_t": 0.1}, "between 0.2 and 0.5 T.*got 0.1 T"),
        ({"field_t": 0.25, "sequence": "pd-fs"}, "37 Hz apart at 0.25 T; take stir"),
        ({"field_t": 0.4, "sequence": "dixon-in"}, "60 Hz apart at 0.4 T"),
        ({"shape": (0, 10, 10)}, "three counts"),
        ({"shape": (10, 10)}, "three counts"),
        ({"spacing_mm": (1, 0, 1)}, "three lengths"),
        ({"spacing_mm": (1, float("nan"), 1)}, "three lengths"),
    ],
)
def test_wrong_wishes_are_refused(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"sequence": "gre", "plane": "axial"} | changes
    with pytest.raises(ValueError, match=message):
        sample_protocol(rng=np.random.default_rng(0), **arguments)


def test_the_effective_echo_never_comes_after_its_train() -> None:
    rng = np.random.default_rng(0)
    for _ in range(4000):
        timing = draw_timing("pd-fs", "axial", 3.0, rng)
        assert timing.te_ms <= timing.echo_train * timing.echo_spacing_ms + 1e-9
