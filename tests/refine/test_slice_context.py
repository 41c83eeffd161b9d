"""What a slice context does to probabilities, and what it refuses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from shoulderseg.refine import slice_context
from shoulderseg.refine.slice_context import (
    ContextConfig,
    SliceContext,
    correct_by_context,
    lengths_of,
    load_context,
    logits_of,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Voters = npt.NDArray[np.float32]

SPACING_MM = (4.0, 0.5, 0.7)


SMALL = ContextConfig(3, 4, 1)


def eager(config: ContextConfig = SMALL, seed: int = 0) -> SliceContext:
    """A network of random weights, which corrects everything."""
    torch.manual_seed(seed)
    network = SliceContext(config)
    weights = {name: 0.3 * torch.randn_like(v) for name, v in network.state_dict().items()}
    return load_context(config, weights)


def voters(shape: tuple[int, int, int], seed: int = 1) -> Voters:
    """Something possible in every corner, so that nothing is left as it is."""
    return np.random.default_rng(seed).uniform(0.1, 0.9, (3, *shape)).astype(np.float32)


def test_an_untrained_network_changes_nothing() -> None:
    said = voters((5, 20, 17))
    kept = said.copy()
    correct_by_context(SliceContext(ContextConfig()).eval(), list(said), SPACING_MM)
    np.testing.assert_allclose(said, kept, atol=1e-6)


@pytest.mark.parametrize("levels", [1, 2])
def test_slabs_make_no_difference(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slice_context, "_VOXELS", 20 * 18 * 21)
    network = eager(ContextConfig(3, 4, levels))
    said = voters((45, 18, 21))
    logits = torch.from_numpy(logits_of(said).swapaxes(0, 1).copy())
    with torch.inference_mode():
        whole = torch.sigmoid(logits + network(logits, lengths_of(SPACING_MM)))
    correct_by_context(network, list(said), SPACING_MM)
    np.testing.assert_allclose(said.swapaxes(0, 1), whole.numpy(), atol=1e-5)


def test_a_correction_depends_on_the_slices_in_reach_and_no_others() -> None:
    network = eager()
    said = voters((20, 16, 16))
    other = said.copy()
    other[:, 10] = 1 - other[:, 10]
    for each in (said, other):
        correct_by_context(network, list(each), SPACING_MM)
    differing = np.flatnonzero(np.abs(said - other).max(axis=(0, 2, 3)) > 1e-6)
    reach = network.config.reach
    assert reach == 3
    assert differing.tolist() == list(range(10 - reach, 10 + reach + 1))


def test_what_nobody_holds_possible_stays_as_it_is() -> None:
    said = np.full((3, 12, 90, 80), 0.01, np.float32)
    said[1, 6, 40:45, 30:35] = 0.8
    kept = said.copy()
    correct_by_context(eager(), list(said), SPACING_MM)
    changed = np.argwhere(np.any(said != kept, axis=0))
    assert changed.min(axis=0).tolist() == [3, 16, 6]
    assert changed.max(axis=0).tolist() == [9, 68, 58]
    empty = np.zeros((3, 2, 4, 4), np.float32)
    correct_by_context(eager(), list(empty), SPACING_MM)
    assert not empty.any()
    correct_by_context(eager(), list(np.zeros((3, 0, 4, 4), np.float32)), SPACING_MM)


def test_a_share_of_the_corrections_is_a_share_of_the_logits() -> None:
    said = voters((6, 12, 12))
    half, full, none = said.copy(), said.copy(), said.copy()
    correct_by_context(eager(), list(half), SPACING_MM, share=0.5)
    correct_by_context(eager(), list(full), SPACING_MM)
    correct_by_context(eager(), list(none), SPACING_MM, share=0)
    first, middle, last = (logits_of(each) for each in (said, half, full))
    inside = np.abs(last) < 5.5
    np.testing.assert_allclose(middle[inside], ((first + last) / 2)[inside], atol=1e-3)
    np.testing.assert_array_equal(none, said)


def test_arrays_are_corrected_through_views() -> None:
    said = voters((7, 10, 12))
    turned = np.ascontiguousarray(np.moveaxis(said, 1, 3))
    correct_by_context(eager(), list(said), SPACING_MM)
    correct_by_context(eager(), [np.moveaxis(each, 2, 0) for each in turned], SPACING_MM)
    np.testing.assert_allclose(np.moveaxis(turned, 3, 1), said, atol=1e-6)


def test_one_slice_of_one_row_is_corrected() -> None:
    said = voters((1, 1, 9))
    kept = said.copy()
    correct_by_context(eager(ContextConfig()), list(said), SPACING_MM)
    assert np.isfinite(said).all()
    assert np.abs(said - kept).max() > 1e-3


def test_the_network_is_told_of_lengths() -> None:
    assert lengths_of((3.0, 0.6, 0.6)).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert lengths_of((3 * math.e, 0.3, 1.2)).tolist() == pytest.approx([1, 0], abs=1e-6)
    thick, thin = voters((5, 12, 12)), voters((5, 12, 12))
    correct_by_context(eager(), list(thick), SPACING_MM)
    correct_by_context(eager(), list(thin), (0.6, 0.5, 0.7))
    assert np.abs(thick - thin).max() > 1e-3


def test_other_voters_than_it_learned_from_are_refused() -> None:
    said = list(voters((2, 8, 8)))
    with pytest.raises(ValueError, match="expected 3 voters of one shape, found 2 of"):
        correct_by_context(eager(), said[:2], SPACING_MM)
    with pytest.raises(ValueError, match="expected 3 voters of one shape"):
        correct_by_context(eager(), [*said[:2], said[2][:1]], SPACING_MM)


@pytest.mark.parametrize("values", [(0, 8, 2), (3, 65, 2), (3, 8, 5), (3, 8, 1.5), (True, 8, 2)])
def test_shapes_out_of_bounds_are_refused(values: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected an integer from 1 to"):
        ContextConfig(*values)


def test_weights_that_do_not_fit_or_are_not_finite_are_refused() -> None:
    config = ContextConfig(3, 4, 1)
    weights = SliceContext(config).state_dict()
    with pytest.raises(ValueError, match="do not fit"):
        load_context(ContextConfig(3, 5, 1), weights)
    with pytest.raises(ValueError, match="do not fit"):
        load_context(config, {"more": torch.zeros(1), **weights})
    weights["out.bias"] = torch.full_like(weights["out.bias"], math.nan)
    with pytest.raises(ValueError, match="not all finite"):
        load_context(config, weights)
    # Finite in another type, and not as float32.
    weights["out.bias"] = torch.full_like(weights["out.bias"], 1e300, dtype=torch.float64)
    with pytest.raises(ValueError, match="not all finite"):
        load_context(config, weights)
