"""The slice context: corrects what 2D U-Nets say of a slice by what they say of its neighbours.

A 2D U-Net sees one slice at a time, so that a bone may end, move or have a hole in one slice
alone. This network sees the U-Nets' logits of a slice and of those around it, and never the image:
what it learns is how bones go on from slice to slice, in whatever contrast. It adds a correction to
each logit. It is a small U-Net whose layers each see the slice before and the one after, told how
far apart slices and pixels are (FiLM: Perez et al., AAAI 2018).

Mu et al. (2021) have nothing of the kind; it is our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from shoulderseg.refine.slice_context_region import region_around
from shoulderseg.refine.true_float32 import true_float32

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

# Of the bundle: one U-Net for each bone and one for both.
VOTERS = 3
# Beyond these a logit says no more: a probability of 0.0025.
MOST_LOGIT = 6.0
# What a length is compared with: logarithms of these ratios go in.
_SLICE_MM, _PIXEL_MM = 3.0, 0.6
# Voxels at once, of which each takes 300 bytes or so, and the fewest slices. Slices beside them are
# seen too, as far as a correction depends on them.
_VOXELS, _FEWEST = 2_500_000, 8


@dataclass(frozen=True)
class ContextConfig:
    """Shape of the network.

    Attributes:
        voters: Logits of a voxel, in and out, 1 to 16.
        channels: Of the finest level, 1 to 64; each coarser level has as many more.
        levels: How often pixels are halved, 1 to 4.

    Raises:
        ValueError: A value outside these bounds.
    """

    voters: int = VOTERS
    channels: int = 8
    levels: int = 2

    def __post_init__(self) -> None:
        for name, most in (("voters", 16), ("channels", 64), ("levels", 4)):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                msg = f"{name} is {value!r}, expected an integer from 1 to {most}"
                raise ValueError(msg)

    @property
    def reach(self) -> int:
        """Slices before and after that a correction depends on."""
        return 1 + 2 * self.levels


class SliceContext(nn.Module):
    """The network; `load_context` gives it weights."""

    def __init__(self, config: ContextConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.channels * (1 + level) for level in range(config.levels + 1)]
        self.down = nn.ModuleList([_Layer(3 * config.voters, widths[0])])
        for before, width in pairwise(widths):
            self.down.append(_Layer(3 * before, width))
            self.down.append(_Layer(3 * width, width))
        self.up = nn.ModuleList(
            _Layer(width + coarser, width) for width, coarser in pairwise(widths)
        )
        self.out = nn.Conv2d(config.channels, config.voters, 1)
        # An untrained network changes nothing.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, logits: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Corrects logits.

        Args:
            logits: (Z, V, Y, X), within `MOST_LOGIT`.
            lengths: (2,) of `lengths_of`.

        Returns:
            Corrections of the same shape.
        """
        rows, columns = logits.shape[2:]
        step = 2**self.config.levels
        x = F.pad(logits / 3, (0, -columns % step, 0, -rows % step), mode="replicate")
        x = self.down[0](_with_neighbours(x), lengths)
        finer = [x]
        for level in range(self.config.levels):
            x = F.avg_pool2d(x, 2)
            for layer in (self.down[2 * level + 1], self.down[2 * level + 2]):
                x = layer(_with_neighbours(x), lengths)
            finer.append(x)
        for level in reversed(range(self.config.levels)):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = self.up[level](torch.cat([finer[level], x], 1), lengths)
        corrections: torch.Tensor = self.out(x)[:, :, :rows, :columns]
        return corrections


class _Layer(nn.Module):
    """A convolution whose channels are scaled and moved by the lengths, and a leaky ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after, 3, padding=1)
        self.film = nn.Linear(2, 2 * after)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        # Several times as fast on a CPU as in the usual order.
        x = self.convolution(x.contiguous(memory_format=torch.channels_last))
        scale, offset = self.film(lengths).chunk(2)
        return F.leaky_relu(x * (1 + scale[:, None, None]) + offset[:, None, None], 0.1)


def _with_neighbours(x: torch.Tensor) -> torch.Tensor:
    """Puts the slices before and after each one beside it; the outermost are their own."""
    return torch.cat([torch.cat([x[:1], x[:-1]]), x, torch.cat([x[1:], x[-1:]])], 1)


def load_context(config: ContextConfig, weights: Mapping[str, torch.Tensor]) -> SliceContext:
    """Builds a network with weights, ready to correct.

    Args:
        config: Its shape.
        weights: By name, as `state_dict` gives them.

    Raises:
        ValueError: If the weights do not fit, or are not finite.
    """
    network = SliceContext(config)
    own = network.state_dict()
    found = {name: tuple(values.shape) for name, values in weights.items()}
    if found != {name: tuple(values.shape) for name, values in own.items()}:
        msg = f"the weights of the slice context do not fit {config}"
        raise ValueError(msg)
    single = {name: values.float() for name, values in weights.items()}
    # As float32: a larger type holds what this one does not.
    if not all(bool(torch.isfinite(values).all()) for values in single.values()):
        msg = "the weights of the slice context are not all finite"
        raise ValueError(msg)
    network.load_state_dict(single)
    return network.eval()


def logits_of(probabilities: FloatArray) -> FloatArray:
    """Logits within `MOST_LOGIT` of probabilities, float32 of the same shape."""
    least = 1 / (1 + np.exp(np.float32(MOST_LOGIT)))
    kept = np.clip(probabilities.astype(np.float32, copy=False), least, 1 - least)
    logits: FloatArray = np.log(kept / (1 - kept))
    return logits


def lengths_of(spacing_mm: Sequence[float]) -> torch.Tensor:
    """What the network is told of voxels (Z, Y, X): slice distance and pixel, as logarithms."""
    pixel_mm = (spacing_mm[1] * spacing_mm[2]) ** 0.5
    return torch.tensor([np.log(spacing_mm[0] / _SLICE_MM), np.log(pixel_mm / _PIXEL_MM)]).float()


def correct_by_context(
    network: SliceContext,
    probabilities: Sequence[FloatArray],
    spacing_mm: Sequence[float],
    *,
    share: float = 1.0,
    device: torch.device | str = "cpu",
) -> None:
    """Corrects voters' probabilities, in place.

    Args:
        network: From `load_context`.
        probabilities: One of each voter, in the order that it learned, float32 (Z, Y, X), 0 to 1,
            slices first. Empty ones stay so.
        spacing_mm: Of the voxels, (Z, Y, X).
        share: Of the corrections that is made, 0 to 1.
        device: Where to compute.

    Raises:
        ValueError: If there are more or fewer voters than the network knows, or they differ in
            shape.
    """
    shapes = {voter.shape for voter in probabilities}
    if len(probabilities) != network.config.voters or len(shapes) != 1:
        msg = (
            f"expected {network.config.voters} voters of one shape, found {len(probabilities)} of "
            f"{sorted(shapes)}"
        )
        raise ValueError(msg)
    box = region_around(probabilities, network.config.reach)
    if box is None or not share:
        return
    network.to(device)
    seen = [logits_of(voter[box]) for voter in probabilities]
    lengths, reach, (count, *sides) = lengths_of(spacing_mm), network.config.reach, seen[0].shape
    slices = max(_VOXELS // (sides[0] * sides[1]) - 2 * reach, _FEWEST)
    for start in range(0, count, slices):
        first, last = max(start - reach, 0), min(start + slices + reach, count)
        slab = np.stack([voter[first:last] for voter in seen], 1)
        corrected = _corrected(network, slab, lengths, share)[start - first :][:slices]
        for number, voter in enumerate(probabilities):
            voter[box][start : start + slices] = corrected[:, number]


def _corrected(
    network: SliceContext, slab: FloatArray, lengths: torch.Tensor, share: float
) -> FloatArray:
    """Probabilities of corrected logits, (Z, V, Y, X), computed where the network is."""
    device = next(network.parameters()).device
    logits = torch.from_numpy(slab).to(device)
    with torch.inference_mode(), true_float32(device):
        corrections = network(logits, lengths.to(device))
        probabilities: FloatArray = torch.sigmoid(logits + share * corrections).cpu().numpy()
    return probabilities
