"""Each artefact of a scan has its textbook size and direction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.phantom.scanner.signals import reference_signal
from shoulderseg.datasets.phantom.scanner.wrap import rendered_grid
from tests.datasets.phantom.perfect_scan import GRID, SHAPE, block, perfect, scan

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatImage = npt.NDArray[np.float32]


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
