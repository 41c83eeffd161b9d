"""A scan from rendered signals to the magnitude image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.scanner.acquire import acquire
from shoulderseg.datasets.phantom.scanner.protocol import SEQUENCES
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scanner.signals import reference_signal
from shoulderseg.datasets.phantom.scanner.wrap import rendered_grid

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.scanner.protocol import Protocol, Sequence

    FloatImage = npt.NDArray[np.float32]

SHAPE = (2, 48, 36)
# Slices along y, rows along -z, columns along x: an upright coronal stack.
GRID = ScanGrid(SHAPE, (4.0, 1.0, 1.5), 3.5, (-20, 10, 30), (1, 0, 0, 0, 0, 1, 0, -1, 0))
COILS_MM = np.array([[60.0, 0.0, 0.0], [0.0, -50.0, 20.0]])


def perfect(sequence: Sequence, **changes: object) -> Protocol:
    """A scan without any artefact, noise or chemical shift."""
    protocol = sample_protocol(sequence, "coronal", np.random.default_rng(0), field_t=1.5)
    ideal: dict[str, Any] = {
        "shape": SHAPE,
        "spacing_mm": GRID.spacing_mm,
        "thickness_mm": GRID.thickness_mm,
        "acquired_fraction": (1.0, 1.0),
        "phase_axis": 1,
        "bandwidth_hz": 1e9,
        "snr": np.inf,
        "fat_saturation_failure": 0.0,
        "bias_strength": 0.0,
        "coil_falloff": 0.0,
        "ghosting": 0.0,
        "wrap_fraction": 0.0,
        "echo_train": 1,
        "kspace_taper": 0.0,
        "readout_reversed": False,
    }
    return replace(protocol, **(ideal | changes))


def scan(
    water: FloatImage, fat: FloatImage, protocol: Protocol, seed: int = 0, **options: float | None
) -> FloatImage:
    grid = replace(GRID, shape=protocol.shape)
    given: dict[str, Any] = {"gain": 1.0} | options
    rng = np.random.default_rng(seed)
    return acquire(water, fat, grid, protocol, COILS_MM, rng, **given)


def noise(shape: tuple[int, ...], seed: int = 0) -> FloatImage:
    return np.random.default_rng(seed).uniform(size=shape).astype(np.float32)


def block(shape: tuple[int, int, int] = SHAPE) -> FloatImage:
    image = np.zeros(shape, dtype=np.float32)
    image[:, 16:26, 12:21] = 1
    return image


@pytest.mark.parametrize("phase_axis", [1, 2])
@pytest.mark.parametrize("sequence", ["t1-se", "pd-tse", "dixon-in", "dixon-water", "dixon-fat"])
def test_perfect_scan_is_the_sum_of_water_and_fat(sequence: Sequence, phase_axis: int) -> None:
    water, fat = noise(SHAPE, 1), noise(SHAPE, 2)
    image = scan(water, fat, perfect(sequence, phase_axis=phase_axis))
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, water + fat, atol=1e-4)


def test_opposed_fat_cancels_water_and_gradient_echo_fat_follows_its_phase() -> None:
    water, fat = noise(SHAPE, 1), noise(SHAPE, 2)
    image = scan(water, fat, perfect("dixon-out"))
    np.testing.assert_allclose(image, np.abs(water - fat), atol=1e-4)
    # A quarter turn at a quarter of 1 / 223.5 Hz.
    quarter = scan(water, fat, perfect("gre", te_ms=1.11846))
    np.testing.assert_allclose(quarter, np.hypot(water, fat), atol=1e-4)


@pytest.mark.parametrize("sequence", ["pd-fs", "t2-fs"])
def test_perfect_fat_saturation_leaves_water_only(sequence: Sequence) -> None:
    water, fat = noise(SHAPE, 1), noise(SHAPE, 2)
    np.testing.assert_allclose(scan(water, fat, perfect(sequence)), water, atol=1e-4)


def test_failing_fat_saturation_leaves_the_stated_share_unevenly() -> None:
    fat = np.ones((8, 48, 36), dtype=np.float32)
    protocol = perfect("pd-fs", fat_saturation_failure=0.2, shape=fat.shape)
    image = scan(np.zeros_like(fat), fat, protocol)
    assert image.mean() == pytest.approx(0.2, abs=0.02)
    assert image.max() > 2 * image.min()
    # Water stands for fat here to show what the pulse takes of it.
    kept = scan(fat, np.zeros_like(fat), replace(protocol, fat_saturation_failure=0.6))
    assert 0.45 < kept.min() < 0.9
    assert kept.max() == pytest.approx(1, abs=1e-3)
    # The same setting does nothing where there is no fat saturation.
    plain = scan(np.zeros_like(fat), fat, replace(protocol, sequence="pd-tse"))
    np.testing.assert_allclose(plain, 1, atol=1e-4)


@pytest.mark.parametrize(("phase_axis", "frequency_axis"), [(1, 2), (2, 1)])
@pytest.mark.parametrize("field_t", [1.5, 3.0])
def test_fat_moves_along_the_frequency_axis_only(
    phase_axis: int, frequency_axis: int, field_t: float
) -> None:
    # 3.5 ppm at 42.577 MHz/T over 74.50975 Hz a pixel: 3 pixels at 1.5 T, 6 at 3 T.
    protocol = perfect("t1-se", phase_axis=phase_axis, bandwidth_hz=74.50975, field_t=field_t)
    empty = np.zeros(SHAPE, dtype=np.float32)
    moved = scan(empty, block(), protocol)
    voxels = round(2 * field_t)
    np.testing.assert_allclose(moved, np.roll(block(), -voxels, frequency_axis), atol=1e-3)
    np.testing.assert_allclose(scan(block(), empty, protocol), block(), atol=1e-4)


@pytest.mark.parametrize("axis", [1, 2])
def test_truncation_rings_by_nine_percent_along_its_axis(axis: int) -> None:
    shape = (1, 300, 200) if axis == 1 else (1, 200, 300)
    step = np.zeros(shape, dtype=np.float32)
    step[(slice(None), *(slice(100, 200) if a == axis else slice(None) for a in (1, 2)))] = 1
    fractions = (0.25, 1.0) if axis == 1 else (1.0, 0.25)
    protocol = perfect("t1-se", shape=shape, acquired_fraction=fractions)
    image = scan(step, np.zeros_like(step), protocol)
    assert image.max() == pytest.approx(1.09, abs=0.01)
    assert np.ptp(image, axis=3 - axis).max() < 1e-4
    tapered = scan(step, np.zeros_like(step), replace(protocol, kspace_taper=1.0))
    assert tapered.max() < 1.02


def test_echo_train_blurs_the_phase_axis_only() -> None:
    protocol = perfect("pd-tse", echo_train=9, echo_spacing_ms=10, te_ms=30)
    image = scan(block(), np.zeros(SHAPE, dtype=np.float32), protocol)
    beside_columns = image[:, :, [*range(12), *range(21, 36)]]
    assert beside_columns.max() < 1e-4
    # The edge rows lose to their neighbours what those gain, and nothing is lost in all.
    assert 0.1 < image[0, 15, 16] < 0.4
    assert 0.6 < image[0, 16, 16] < 0.9
    assert image.sum() == pytest.approx(block().sum(), rel=0.02)


def test_noise_has_the_stated_snr_and_a_rician_background() -> None:
    shape = (4, 96, 80)
    for fractions, taper in (((1.0, 1.0), 0.0), ((0.7, 0.6), 0.5)):
        protocol = perfect(
            "t1-se", shape=shape, snr=20.0, acquired_fraction=fractions, kspace_taper=taper
        )
        muscle = np.full(shape, reference_signal(protocol), dtype=np.float32)
        sigma = reference_signal(protocol) / 20
        empty = np.zeros_like(muscle)
        image = scan(muscle, empty, protocol)
        assert image.mean() / image.std() == pytest.approx(20, rel=0.05)
        assert image.mean() == pytest.approx(muscle.mean(), rel=0.01)
        background = scan(empty, empty, protocol)
        assert background.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.03)
        assert background.std() == pytest.approx(sigma * np.sqrt(2 - np.pi / 2), rel=0.05)


def test_snr_refers_to_the_given_reference() -> None:
    shape = (4, 96, 80)
    empty = np.zeros(shape, dtype=np.float32)
    background = scan(empty, empty, perfect("t1-se", shape=shape, snr=10.0), reference=5.0)
    assert background.mean() == pytest.approx(0.5 * np.sqrt(np.pi / 2), rel=0.03)


@pytest.mark.parametrize("axis", [1, 2])
def test_what_lies_beside_the_field_of_view_folds_to_the_other_side(axis: int) -> None:
    protocol = perfect("t1-se", phase_axis=axis, wrap_fraction=0.25)
    margin = SHAPE[axis] // 4
    wide = rendered_grid(GRID, protocol)
    assert wide.shape[axis] == SHAPE[axis] + 2 * margin
    assert wide.shape[3 - axis] == SHAPE[3 - axis]
    # The first voxel of the image keeps its place in the patient.
    first = np.array(wide.origin_mm) + margin * wide.axes_mm()[axis]
    np.testing.assert_allclose(first, GRID.origin_mm)

    image = np.zeros(wide.shape, dtype=np.float32)
    before, inside, behind = margin - 2, margin + 7, margin + SHAPE[axis] + 1
    np.moveaxis(image, axis, 0)[[before, inside, behind]] = 1
    folded = scan(image, np.zeros_like(image), protocol)
    lines = np.moveaxis(folded, axis, 0).mean(axis=(1, 2))
    assert set(np.flatnonzero(lines > 0.5)) == {SHAPE[axis] - 2, 7, 1}
    assert np.delete(lines, [SHAPE[axis] - 2, 7, 1]).max() < 1e-4


def test_without_wrap_nothing_is_added_to_the_grid() -> None:
    assert rendered_grid(GRID, perfect("t1-se")) == GRID


@pytest.mark.parametrize("axis", [1, 2])
def test_ghosts_appear_along_the_phase_axis_only(axis: int) -> None:
    protocol = perfect("t1-se", phase_axis=axis, ghosting=0.1)
    image = scan(block(), np.zeros(SHAPE, dtype=np.float32), protocol)
    beside = np.ones(SHAPE, dtype=bool)
    beside[:, :, 12:21] = axis == 2
    if axis == 2:
        beside[:, 16:26] = False
    assert image[beside].max() < 1e-4
    ghosts = image[~beside & (block() == 0)]
    assert ghosts.max() == pytest.approx(0.1, abs=0.03)
    assert image[block() == 1].mean() == pytest.approx(1, abs=0.05)


def test_coil_and_shading_scale_the_image_smoothly() -> None:
    water = np.ones(SHAPE, dtype=np.float32)
    empty = np.zeros_like(water)
    near = scan(water, empty, perfect("t1-se", coil_falloff=1.0))
    # Columns run towards the coil at x = 60 mm.
    assert near[0, 24, -1] > 1.1 * near[0, 24, 0]
    assert np.abs(np.diff(near, axis=2)).max() < 0.05
    shaded = scan(water, empty, perfect("t1-se", bias_strength=0.2))
    assert np.abs(np.log(shaded)).max() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_same_seed_same_bytes_on_any_number_of_threads(sequence: Sequence) -> None:
    rng = np.random.default_rng(5)
    protocol = replace(
        sample_protocol(sequence, "sagittal", rng, shape=(5, 40, 27)),
        wrap_fraction=0.1,
        phase_axis=2,
    )
    shape = rendered_grid(replace(GRID, shape=protocol.shape), protocol).shape
    water, fat = noise(shape, 1), noise(shape, 2)
    one = scan(water, fat, protocol, seed=7)
    assert one.shape == (5, 40, 27)
    assert np.isfinite(one).all()
    assert one.tobytes() == scan(water, fat, protocol, seed=7, workers=3).tobytes()
    assert one.tobytes() != scan(water, fat, protocol, seed=8).tobytes()


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40)),
    sequence=st.sampled_from(SEQUENCES),
    phase_axis=st.sampled_from([1, 2]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_gives_finite_magnitudes(
    shape: tuple[int, int, int], sequence: Sequence, phase_axis: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    protocol = replace(sample_protocol(sequence, "axial", rng, shape=shape), phase_axis=phase_axis)
    wide = rendered_grid(replace(GRID, shape=shape), protocol).shape
    image = scan(noise(wide, 1), noise(wide, 2), protocol, gain=None)
    assert image.shape == shape
    assert np.isfinite(image).all()
    assert image.min() >= 0


def test_bright_parts_reach_the_full_scale() -> None:
    protocol = perfect("t1-se", snr=30.0)
    image = scan(noise(SHAPE), noise(SHAPE, 1), protocol, gain=None)
    assert np.percentile(image, 99.5) == pytest.approx(1000, rel=1e-4)
    empty = np.zeros(SHAPE, dtype=np.float32)
    assert not scan(empty, empty, perfect("t1-se"), gain=None).any()


def test_wrong_input_is_refused() -> None:
    water = noise(SHAPE)
    with pytest.raises(ValueError, match=r"fat signal has the shape \(1, 48, 36\)"):
        scan(water, water[:1], perfect("t1-se"))
    with pytest.raises(ValueError, match="rendered_grid"):
        scan(water, water, perfect("t1-se", wrap_fraction=0.1))
    broken = water.copy()
    broken[0, 3, 3] = np.nan
    with pytest.raises(ValueError, match="water signal holds values that are not finite"):
        scan(broken, water, perfect("t1-se"))
    for changes, message in (
        ({"snr": 0.0}, "SNR must be above 0"),
        ({"phase_axis": 0}, "phase axis must be"),
        ({"wrap_fraction": 1.5}, "wrap must lie"),
        ({"acquired_fraction": (0.0, 1.0)}, "acquired share"),
    ):
        with pytest.raises(ValueError, match=message):
            scan(water, water, perfect("t1-se", **changes))
