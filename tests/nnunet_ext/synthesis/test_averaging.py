from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from shoulderseg.nnunet_ext.synthesis.averaging import WeightAverage


def network(value: float) -> torch.nn.Linear:
    linear = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        linear.weight.fill_(value)
    return linear


def shift(linear: torch.nn.Linear, value: float) -> None:
    with torch.no_grad():
        linear.weight.fill_(value)


def test_the_average_follows_the_weights_slowly_and_is_lent() -> None:
    linear = network(0)
    average = WeightAverage(linear, 0.9)
    expected = 0.0
    for step in range(200):
        shift(linear, 1)
        average.update()
        kept = min(0.9, (step + 1) / (step + 10))
        expected = kept * expected + (1 - kept) * 1
        with average.applied():
            assert linear.weight.item() == pytest.approx(expected, abs=1e-5)
        assert linear.weight.item() == 1
    assert expected > 0.99


def test_weights_come_back_when_what_borrows_them_fails() -> None:
    linear = network(0)
    average = WeightAverage(linear, 0.9)
    shift(linear, 5)
    with pytest.raises(RuntimeError, match="stop"), average.applied():
        raise RuntimeError("stop")  # noqa: EM101
    assert linear.weight.item() == 5


def test_a_checkpoint_goes_on_from_both_weights() -> None:
    linear = network(1)
    optimizer = torch.optim.SGD(linear.parameters(), lr=0.1, momentum=0.9)
    average = WeightAverage(linear, 0.5)
    shift(linear, 3)
    average.update()
    with average.applied():
        averaged = linear.weight.item()
        average.keep_in(optimizer)
        saved = linear.state_dict()["weight"].clone(), deepcopy(optimizer.state_dict())
        average.forget_in(optimizer)
    assert "averaged_steps" not in optimizer.param_groups[0]
    # A new process.
    again = network(0)
    resumed = torch.optim.SGD(again.parameters(), lr=0.1, momentum=0.9)
    follower = WeightAverage(again, 0.5)
    again.load_state_dict({"weight": saved[0]})
    resumed.load_state_dict(saved[1])
    follower.take_from(resumed)
    assert again.weight.item() == 3
    assert follower.steps == 1
    with follower.applied():
        assert again.weight.item() == pytest.approx(averaged)
    assert not resumed.state[again.weight]


def test_a_checkpoint_without_an_average_begins_one() -> None:
    linear = network(2)
    average = WeightAverage(linear, 0.5)
    shift(linear, 4)
    average.take_from(torch.optim.SGD(linear.parameters(), lr=0.1))
    with average.applied():
        assert linear.weight.item() == 4


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(ValueError, match="expected 0 or more and less than 1"):
        WeightAverage(network(0), decay)
