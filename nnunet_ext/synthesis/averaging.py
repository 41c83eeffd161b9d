"""Averages of a network's weights over training steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# The first steps of a training are soon forgotten: the decay of step n is at most (n + 1) / (n +
# 10), as in TensorFlow's ExponentialMovingAverage with `num_updates`.
_WARM_UP = 10
_TRAINED, _STEPS = "trained_weights", "averaged_steps"


class WeightAverage:
    """An exponential moving average of all parameters of a network.

    Attributes:
        decay: Share of the average that stays at each step.
        steps: How often it was updated.
    """

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        """Begins with the network's weights.

        Args:
            network: Whose weights are averaged; its running statistics are not, nnU-Net has none.
            decay: From 0, which follows the network, to below 1.

        Raises:
            ValueError: If the decay is out of range.
        """
        if not 0 <= decay < 1:
            msg = f"the decay of averaged weights is {decay}, expected 0 or more and less than 1"
            raise ValueError(msg)
        self.network = network
        self.decay = decay
        self.steps = 0
        self._averaged = [weight.detach().clone() for weight in network.parameters()]

    @torch.no_grad()
    def update(self) -> None:
        """Takes the network's weights into the average; called after each step."""
        kept = min(self.decay, (self.steps + 1) / (self.steps + _WARM_UP))
        torch._foreach_lerp_(self._averaged, list(self.network.parameters()), 1 - kept)
        self.steps += 1

    @torch.no_grad()
    def restart(self) -> None:
        """Begins anew with the network's weights."""
        self.steps = 0
        torch._foreach_copy_(self._averaged, list(self.network.parameters()))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Lets the network have the averaged weights for a while."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    @torch.no_grad()
    def swap(self) -> None:
        """Exchanges the network's weights and the averaged ones."""
        for weight, averaged in zip(self.network.parameters(), self._averaged, strict=True):
            kept = weight.detach().clone()
            weight.copy_(averaged)
            averaged.copy_(kept)

    def keep_in(self, optimizer: torch.optim.Optimizer) -> None:
        """Puts what is not in the network into the state of its optimizer.

        nnU-Net's checkpoints hold the network's weights and the optimizer's state, no more. Called
        while the averaged weights are in the network, this keeps those that it trains with.

        Args:
            optimizer: Of the network; it does not look at what it does not know.
        """
        # Beside the rates: Adam expects nothing but its own values in the state of a weight.
        optimizer.param_groups[0][_TRAINED] = [weight.clone() for weight in self._averaged]
        optimizer.param_groups[0][_STEPS] = self.steps

    @torch.no_grad()
    def take_from(self, optimizer: torch.optim.Optimizer) -> None:
        """Goes on from a checkpoint that nnU-Net has loaded into network and optimizer.

        Args:
            optimizer: With what `keep_in` put into it; without, the average begins anew.
        """
        self.restart()
        self.steps = optimizer.param_groups[0].pop(_STEPS, 0)
        trained = optimizer.param_groups[0].pop(_TRAINED, None)
        if trained is not None:
            for weight, kept in zip(self.network.parameters(), trained, strict=True):
                weight.copy_(kept)

    def forget_in(self, optimizer: torch.optim.Optimizer) -> None:
        """Takes what `keep_in` put there out of the optimizer."""
        for name in (_STEPS, _TRAINED):
            optimizer.param_groups[0].pop(name, None)
