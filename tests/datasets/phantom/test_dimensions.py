from __future__ import annotations

from dataclasses import asdict, fields
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.dimensions import Dimensions, Side, sample_dimensions
from shoulderseg.datasets.phantom.distributions import DISTRIBUTIONS
from shoulderseg.datasets.phantom.marginals import Distribution, Sex

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Columns = dict[str, npt.NDArray[np.float64]]

PEOPLE = 4000
SEXES: tuple[Sex, Sex] = ("female", "male")
# Entries of the table that a person has as another field, and that field's recipe.
TURNED: dict[str, Callable[[Columns], npt.NDArray[np.float64]]] = {
    "head_height_ratio": lambda d: d["head_height_mm"] / d["head_radius_mm"],
    "surgical_neck_share": lambda d: (
        (d["surgical_neck_radius_mm"] - d["shaft_radius_mm"])
        / (d["head_radius_mm"] - d["shaft_radius_mm"])
    ),
    "glenoid_mismatch_mm": lambda d: d["glenoid_curvature_mm"] - d["head_radius_mm"],
    "glenoid_upper_ratio": lambda d: d["glenoid_upper_width_mm"] / d["glenoid_width_mm"],
    "subacromial_gap_mm": lambda d: d["acromiohumeral_distance_mm"] - d["supraspinatus_tendon_mm"],
}
LENGTHS = {field.name for field in fields(Dimensions) if field.name.endswith("_mm")} - {
    "head_posterior_offset_mm"
}


@cache
def population(sex: Sex) -> Columns:
    rng = np.random.default_rng(SEXES.index(sex))
    people = [asdict(sample_dimensions(rng, sex=sex)) for _ in range(PEOPLE)]
    names = [field.name for field in fields(Dimensions) if field.name not in ("sex", "side")]
    columns = {name: np.array([person[name] for person in people]) for name in names}
    return columns | {name: recipe(columns) for name, recipe in TURNED.items()}


def both_sexes(name: str, men: float = 0.5) -> npt.NDArray[np.float64]:
    women = round(PEOPLE * min(1.0, (1 - men) / men))
    of_men = round(PEOPLE * min(1.0, men / (1 - men)))
    return np.concatenate([population("female")[name][:women], population("male")[name][:of_men]])


def correlation(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    return float(np.corrcoef(first, second)[0, 1])


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_population_has_the_mean_and_sd_of_the_table(name: str, sex: Sex) -> None:
    entry = DISTRIBUTIONS[name]
    mean, sd = entry.female if sex == "female" else entry.male
    values = population(sex)[name]
    # Four standard errors, since there are over two hundred comparisons.
    assert values.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(PEOPLE))
    if entry.shape == "normal":
        assert values.std() == pytest.approx(sd, abs=4 * sd / np.sqrt(2 * PEOPLE))
    else:  # A skewed variable's SD scatters more.
        assert values.std() == pytest.approx(sd, rel=0.06)
    low, high = entry.limits(sex)
    assert low <= values.min() < values.max() <= high


@pytest.mark.parametrize(
    ("name", "men", "mean", "sd"),
    [
        ("head_radius_mm", 35 / 43, 24.1, 1.7),
        ("glenoid_curvature_mm", 35 / 43, 33.4, 3.3),
        ("acromiohumeral_distance_mm", 31 / 83, 8.1, 1.2),
        ("groove_depth_mm", 0.5, 4.24, 0.69),
        ("groove_width_mm", 0.5, 10.15, 1.01),
        ("acromion_length_mm", 0.5, 48.0, 5.0),
        ("acromion_thickness_mm", 0.5, 9.0, 1.0),
        ("coracoid_length_mm", 0.5, 40.4, 4.1),
        ("clavicle_radius_mm", 0.5, 6.0, 0.9),
        ("clavicle_width_mm", 0.5, 22.1, 3.7),
    ],
)
def test_both_sexes_together_give_back_the_study(
    name: str, men: float, mean: float, sd: float
) -> None:
    values = both_sexes(name, men)
    assert values.mean() == pytest.approx(mean, abs=0.1 * sd)
    assert values.std() == pytest.approx(sd, rel=0.08)


@pytest.mark.parametrize(
    ("first", "second", "published"),
    [
        ("head_radius_mm", "stature_mm", 0.77),
        ("glenoid_width_mm", "coracoid_width_mm", 0.76),
        ("glenoid_width_mm", "coracoid_thickness_mm", 0.76),
        ("groove_depth_mm", "biceps_tendon_radius_mm", 0.50),
        ("retroversion_deg", "glenoid_retroversion_deg", 0.0),
    ],
)
def test_published_correlations_hold_in_both_sexes_together(
    first: str, second: str, published: float
) -> None:
    found = correlation(both_sexes(first), both_sexes(second))
    assert found == pytest.approx(published, abs=0.05)


def test_a_larger_head_has_a_smaller_offset() -> None:
    offset = np.hypot(both_sexes("head_medial_offset_mm"), both_sexes("head_posterior_offset_mm"))
    assert correlation(offset, both_sexes("head_radius_mm")) == pytest.approx(-0.31, abs=0.05)


@pytest.mark.parametrize("sex", SEXES)
def test_the_parts_of_the_joint_go_together_within_a_sex(sex: Sex) -> None:
    people = population(sex)
    assert 0.6 < correlation(people["head_radius_mm"], people["glenoid_height_mm"]) < 0.8
    assert 0.6 < correlation(people["glenoid_width_mm"], people["glenoid_height_mm"]) < 0.8
    assert correlation(people["head_radius_mm"], people["head_height_mm"]) > 0.6
    for tilted in ("glenoid_inclination_deg", "critical_shoulder_angle_deg"):
        assert abs(correlation(people[tilted], people["stature_mm"])) < 0.06
    tilt = correlation(people["glenoid_inclination_deg"], people["critical_shoulder_angle_deg"])
    assert 0.45 < tilt < 0.86


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sex=st.sampled_from(SEXES))
def test_structures_come_in_their_anatomical_order(seed: int, sex: Sex) -> None:
    d = sample_dimensions(np.random.default_rng(seed), sex=sex)
    assert d.head_height_mm < d.head_radius_mm < d.glenoid_curvature_mm
    assert 2 * d.shaft_cortex_mm < d.shaft_radius_mm < d.surgical_neck_radius_mm < d.head_radius_mm
    assert d.glenoid_upper_width_mm < d.glenoid_width_mm < d.glenoid_height_mm
    assert d.glenoid_height_mm / 2 < d.glenoid_curvature_mm
    assert d.glenoid_width_mm < 2 * d.head_radius_mm
    assert d.glenoid_height_mm < d.scapula_width_mm < d.scapula_height_mm
    assert d.supraspinatus_tendon_mm < d.acromiohumeral_distance_mm
    assert d.acromion_thickness_mm < d.acromion_width_mm < d.acromion_length_mm
    assert 2 * d.biceps_tendon_radius_mm < d.groove_width_mm
    assert d.blade_thickness_mm < d.lateral_border_thickness_mm
    assert all(value > 0 for name, value in asdict(d).items() if name in LENGTHS)


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize(
    ("smaller", "factor", "larger"),
    [
        ("shaft_cortex_mm", 2, "shaft_radius_mm"),
        ("shaft_radius_mm", 1, "head_radius_mm"),
        ("glenoid_width_mm", 1, "glenoid_height_mm"),
        ("glenoid_height_mm", 1, "scapula_width_mm"),
        ("glenoid_width_mm", 0.5, "head_radius_mm"),
        ("acromion_thickness_mm", 1, "acromion_width_mm"),
        ("biceps_tendon_radius_mm", 2, "groove_width_mm"),
        ("blade_thickness_mm", 1, "lateral_border_thickness_mm"),
    ],
)
def test_even_the_extremes_of_the_table_keep_the_order(
    smaller: str, factor: float, larger: str, sex: Sex
) -> None:
    assert factor * DISTRIBUTIONS[smaller].limits(sex)[1] < DISTRIBUTIONS[larger].limits(sex)[0]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_state_gives_the_same_person(seed: int) -> None:
    first = sample_dimensions(np.random.default_rng(seed))
    assert first == sample_dimensions(np.random.default_rng(seed))
    assert first != sample_dimensions(np.random.default_rng(seed + 1))
    fixed = sample_dimensions(np.random.default_rng(seed), sex=first.sex, side=first.side)
    assert fixed == first


def test_sex_and_side_are_drawn_evenly_or_fixed() -> None:
    rng = np.random.default_rng(3)
    drawn = [sample_dimensions(rng) for _ in range(400)]
    assert 160 < sum(person.sex == "male" for person in drawn) < 240
    assert 160 < sum(person.side == "left" for person in drawn) < 240
    sides: tuple[Side, Side] = ("left", "right")
    for sex in SEXES:
        for side in sides:
            person = sample_dimensions(rng, sex=sex, side=side)
            assert (person.sex, person.side) == (sex, side)


def test_fixing_the_side_mirrors_the_person_and_fixing_the_sex_keeps_the_quantiles() -> None:
    sides: tuple[Side, Side] = ("left", "right")
    left, right = (
        asdict(sample_dimensions(np.random.default_rng(5), side=side)) | {"side": None}
        for side in sides
    )
    assert left == right
    woman, man = (sample_dimensions(np.random.default_rng(5), sex=sex) for sex in SEXES)
    quantiles = (woman.stature_mm - 1613) / 69, (man.stature_mm - 1754) / 75
    assert quantiles[0] == pytest.approx(quantiles[1])


def test_unknown_sex_or_side_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="sex='unknown', expected 'female' or 'male'"):
        sample_dimensions(rng, sex=cast("Sex", "unknown"))
    with pytest.raises(ValueError, match="side='', expected 'left' or 'right'"):
        sample_dimensions(rng, side=cast("Side", ""))


def test_a_normal_ends_two_and_a_half_sds_from_its_mean() -> None:
    entry = Distribution((10, 2), (20, 4), "mm", "estimate", "")
    assert entry.limits("female") == pytest.approx((5, 15))
    assert entry.limits("male") == pytest.approx((10, 30))
    assert entry.value(0, "female") == pytest.approx(10)


@pytest.mark.parametrize("shape", ["normal", "lognormal"])
@pytest.mark.parametrize("sd", [1.0, 3.0, 8.0])
def test_the_tails_are_cut_without_moving_mean_or_sd(
    shape: Literal["normal", "lognormal"], sd: float
) -> None:
    entry = Distribution((10, sd), (10, sd), "mm", "estimate", "", shape)
    steps = 4000
    scores = [NormalDist().inv_cdf((step + 0.5) / steps) for step in range(steps)]
    values = np.array([entry.value(score, "male") for score in scores])
    assert values.mean() == pytest.approx(10, rel=1e-4)
    assert values.std() == pytest.approx(sd, rel=1e-3)
    assert (np.diff(values) > 0).all()


def test_every_entry_has_its_unit_and_names_what_stands_behind_it() -> None:
    for name, entry in DISTRIBUTIONS.items():
        suffix = {"mm": "_mm", "deg": "_deg", "1": ""}[entry.unit]
        assert name.endswith(suffix)
        said = "(read)" in entry.source or "(recalled)" in entry.source
        assert said or "our estimate" in entry.source.lower(), name
        assert (entry.kind != "published") or "(read)" in entry.source, name
