"""A bone's volume, surface and borders."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial.transform import Rotation

from shoulderseg.morphometry.bone import take_bone
from shoulderseg.morphometry.field_of_view import FieldOfView
from shoulderseg.morphometry.measure import cut_at

RADIUS = 15.0


def ball(
    spacing: tuple[float, float, float], axes: npt.NDArray[np.float64], reach: float = 20.0
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    count = [int(2 * reach / step) + 1 for step in spacing]
    affine = np.eye(4)
    affine[:3, :3] = axes * np.array(spacing)
    affine[:3, 3] = -affine[:3, :3] @ (np.array(count) - 1) / 2
    places = np.moveaxis(np.indices(count), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    return np.linalg.norm(places, axis=-1) <= RADIUS, affine


TURNED = Rotation.from_euler("zyx", [20, -35, 60], degrees=True).as_matrix()


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 0.6, 0.8), (2.0, 0.7, 0.7)])
@pytest.mark.parametrize("axes", [np.eye(3), np.eye(3)[:, [2, 1, 0]], TURNED])
def test_volume_surface_and_normals_of_a_ball(
    spacing: tuple[float, float, float], axes: npt.NDArray[np.float64]
) -> None:
    bone = take_bone(*ball(spacing, axes))

    assert bone is not None
    assert bone.volume_mm3 == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.02)
    surface = bone.surface
    assert surface.areas_mm2.sum() == pytest.approx(4 * np.pi * RADIUS**2, rel=0.03)
    far = np.linalg.norm(surface.points_mm, axis=1)
    assert far.mean() == pytest.approx(RADIUS, abs=0.1)
    # Outwards, whichever way round the axes go.
    along = np.sum(surface.normals * surface.points_mm, axis=1) / far
    assert along.min() > 0.7
    assert not surface.cut.any()
    assert bone.at(np.zeros((1, 3)))[0] < -10 < 0 < bone.at(np.array([[0.0, 0, 19]]))[0]


def test_only_the_largest_piece_counts() -> None:
    mask, affine = ball((1.0, 1.0, 1.0), np.eye(3))
    alone = take_bone(mask, affine)
    mask[0, 0, :3] = True

    bone = take_bone(mask, affine)

    assert bone is not None
    assert alone is not None
    assert bone.volume_mm3 == alone.volume_mm3


def test_an_empty_mask_is_no_bone() -> None:
    assert take_bone(np.zeros((3, 4, 5), bool), np.eye(4)) is None


def test_a_mask_of_one_row_has_a_volume_and_no_surface() -> None:
    bone = take_bone(np.ones((1, 4, 5), bool), np.eye(4))

    assert bone is not None
    assert bone.volume_mm3 == 20
    assert len(bone.surface.points_mm) == 0


@pytest.mark.parametrize(
    ("end", "border"), [(0, "superior"), (-1, "inferior")], ids=["first", "last"]
)
def test_borders_that_cut_a_bone_are_called_by_the_body(end: int, border: str) -> None:
    # The first axis points down, the second to the back, the third to the right.
    axes = np.array([[0, 0, -1], [0, 1, 0], [-1, 0, 0]], float)
    mask, affine = ball((1.0, 1.0, 1.0), axes)
    middle = len(mask) // 2
    part = mask[middle:] if end == 0 else mask[: middle + 1]

    bone = take_bone(part, affine)

    assert bone is not None
    assert cut_at(bone) == [border]
    assert bone.surface.cut.any()
    # Half of a ball, without the flat side.
    assert bone.surface.areas_mm2.sum() == pytest.approx(2 * np.pi * RADIUS**2, rel=0.04)


@pytest.mark.parametrize(
    ("end", "border"), [(0, "superior"), (-1, "inferior")], ids=["first", "last"]
)
def test_where_images_end_within_the_grid_they_cut_a_bone_as_a_border_does(
    end: int, border: str
) -> None:
    axes = np.array([[0, 0, -1], [0, 1, 0], [-1, 0, 0]], float)
    mask, affine = ball((1.0, 1.0, 1.0), axes)
    middle = len(mask) // 2
    seen = np.zeros(mask.shape, bool)
    seen[middle:] = end == 0
    seen[: middle + 1] |= end != 0

    bone = take_bone(mask & seen, affine, FieldOfView(seen))
    whole = take_bone(mask, affine, FieldOfView(np.ones(mask.shape, bool)))

    assert bone is not None
    assert cut_at(bone) == [border]
    assert bone.surface.cut.any()
    assert bone.surface.areas_mm2.sum() == pytest.approx(2 * np.pi * RADIUS**2, rel=0.06)
    index = np.argwhere(bone.mask)
    layer = int(index[:, 0].min() if end == 0 else index[:, 0].max())
    assert bone.touches_border(index)[index[:, 0] == layer].all()
    assert not bone.touches_border(index)[np.abs(index[:, 0] - layer) > 2].any()
    beyond = np.array([[0.0, 0.0, 3.0 if border == "superior" else -3.0]])
    assert bone.shows(-beyond).all()
    assert not bone.shows(beyond).any()
    assert whole is not None
    assert not cut_at(whole)
    assert not whole.surface.cut.any()
