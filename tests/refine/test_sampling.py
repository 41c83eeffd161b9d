"""Where training patches are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shoulderseg.refine.boundary import boundary_band
from shoulderseg.refine.sampling import Draw, TrainingCase, build_pools, draw_centres

SPACING_MM = (3.0, 0.5, 0.8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def case(depth: int = 3, region: bool = False, bones: bool = True) -> TrainingCase:
    shape = (depth, 40, 46)
    label_map = np.zeros(shape, np.uint8)
    if bones:
        label_map[1:, 5:31, 4:24] = 1
        label_map[:2, 20:36, 28:40] = 2
    places = np.zeros(shape, np.bool_)
    places[0, 0, :3] = True
    image = np.zeros(shape, np.float32)
    return TrainingCase(image, label_map, SPACING_MM, region=places if region else None)


def values(cases: list[TrainingCase], draw: Draw, name: str) -> NDArray[np.generic]:
    found = [getattr(cases[c], name)[tuple(v)] for c, v in zip(*draw, strict=True)]
    return np.array(found)


def in_band(cases: list[TrainingCase], draw: Draw) -> NDArray[np.bool_]:
    bands = [boundary_band(c.label_map, SPACING_MM, 1.6) for c in cases]
    return np.array([bands[c][tuple(v)] for c, v in zip(*draw, strict=True)])


def test_mix_of_edges_and_rest() -> None:
    cases = [case(3), case(5)]
    draw = draw_centres(build_pools(cases, 1.6, rng()), 8000, 0.3, rng(1))
    band = in_band(cases, draw)
    assert band.mean() == pytest.approx(0.7, abs=0.02)
    labels = values(cases, draw, "label_map")
    # Each bone's edge is drawn equally often; about half of an edge is background.
    edge = [float((labels[band] == label).mean()) for label in range(3)]
    assert edge == pytest.approx([0.55, 0.22, 0.22], abs=0.04)
    rest = [float((labels[~band] == label).mean()) for label in range(3)]
    assert rest == pytest.approx([1 / 3] * 3, abs=0.04)
    assert (draw.cases == 1).mean() == pytest.approx(0.5, abs=0.03)


def test_a_region_takes_the_place_of_the_edges() -> None:
    cases = [case(region=True)]
    draw = draw_centres(build_pools(cases, 1.6, rng()), 3000, 0.25, rng(1))
    inside = (draw.centres[:, :2] == 0).all(axis=1) & (draw.centres[:, 2] < 3)
    assert inside.mean() == pytest.approx(0.75, abs=0.03)
    assert (~inside & in_band(cases, draw)).any()


def test_same_seed_same_draw() -> None:
    draws = [draw_centres(build_pools([case()], 1.6, rng(2)), 50, 0.2, rng(3)) for _ in "ab"]
    np.testing.assert_array_equal(draws[0].centres, draws[1].centres)
    other = draw_centres(build_pools([case()], 1.6, rng(2)), 50, 0.2, rng(4))
    assert (draws[0].centres != other.centres).any()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_cases_without_a_boundary_do_not_crash(share: float) -> None:
    empty = case(bones=False)
    alone = draw_centres(build_pools([empty], 1.6, rng()), 100, share, rng())
    assert (alone.centres < empty.image.shape).all()
    both = draw_centres(build_pools([empty, case(4)], 1.6, rng()), 100, share, rng())
    assert ((both.centres >= 0) & (both.centres < (4, 40, 46))).all()


def test_centres_fit_each_cases_own_shape() -> None:
    wide = np.zeros((1, 9, 50), np.uint8)
    wide[0, 3:6, 40:45] = 1
    tall = np.ascontiguousarray(wide.transpose(0, 2, 1))
    cases = [TrainingCase(m.astype(np.float32), m, SPACING_MM) for m in (wide, tall)]
    draw = draw_centres(build_pools(cases, 1.0, rng()), 400, 0.0, rng())
    assert in_band(cases, draw).all()
    assert set(draw.cases) == {0, 1}


def test_no_voxels_are_refused() -> None:
    empty = TrainingCase(np.zeros((0, 2, 2), np.float32), np.zeros((0, 2, 2), np.uint8), SPACING_MM)
    for cases in ([], [empty]):
        with pytest.raises(ValueError, match="no voxel"):
            build_pools(cases, 1.0, rng())


def test_bad_cases_are_refused() -> None:
    image, label_map = np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 4), np.uint8)
    with pytest.raises(ValueError, match="image is float64"):
        TrainingCase(image.astype(np.float64), label_map, SPACING_MM)
    with pytest.raises(ValueError, match="label_map is uint8"):
        TrainingCase(image, label_map[:, :, :3], SPACING_MM)
    with pytest.raises(ValueError, match="region is bool"):
        TrainingCase(image, label_map, SPACING_MM, region=np.zeros((2, 4, 3), np.bool_))
    with pytest.raises(ValueError, match="votes is float32"):
        TrainingCase(image, label_map, SPACING_MM, np.zeros((3, 2, 4, 3), np.float32))
