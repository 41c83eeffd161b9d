"""A training data loader that synthesises most of its images and takes the rest from nnU-Net's."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from shoulderseg.nnunet_ext.synthesis.draws import whole
from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase
from shoulderseg.nnunet_ext.synthesis.synthesise import Patch, draw_case, synthesise
from shoulderseg.nnunet_ext.synthesis.variation import Variation

Scales = Sequence[Sequence[float]] | None
# Batches that are made ahead where synthesis and network can run side by side.
_AHEAD = 2
# How often is looked whether the last of them is made, and how many times at most.
_PATIENCE_S, _LOOKS = 0.1, 600


class SyntheticBatches:
    """Batches of synthetic images, a stream that the number of a step alone decides.

    Going on at a step gives what an uninterrupted stream would have given.
    """

    def __init__(
        self,
        cases: Sequence[ResidentCase],
        patch: Patch,
        variation: Variation,
        seed: str,
        lengths: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """Keeps what batches are made from.

        Args:
            cases: Maps, all on one device.
            patch: Size of the images, and what is labelled.
            variation: How far images vary.
            seed: Names the whole stream; another name gives another one.
            lengths: Numbers of rows, and of columns, that the images of a step may have; None
                gives all of them the patch's size.

        Raises:
            ValueError: If there are no cases.
        """
        if not cases:
            msg = "synthesis needs at least one partial volume map"
            raise ValueError(msg)
        self.cases, self.patch, self.variation, self.seed = cases, patch, variation, seed
        self.lengths = lengths

    def shape_of(self, step: int) -> tuple[int, int]:
        """Rows and columns that all images of a step have."""
        if self.lengths is None:
            return self.patch.shape
        generator = self._generator(f"size of {step}")
        rows, columns = (known[whole(0, len(known) - 1, generator)] for known in self.lengths)
        return rows, columns

    @torch.no_grad()
    def batch(self, step: int, count: int) -> tuple[Tensor, Tensor]:
        """Makes the images of a step.

        Args:
            step: Number of the step, from the beginning of the training.
            count: How many images.

        Returns:
            Images (count, 1, rows, columns), float32; targets (count, regions, rows,
            columns), bool; all of the size that the step has.
        """
        patch = replace(self.patch, shape=self.shape_of(step))
        generator = self._generator(f"{step}")
        made = [
            synthesise(draw_case(self.cases, generator), patch, self.variation, generator)
            for _ in range(count)
        ]
        images, targets = zip(*made, strict=True)
        return torch.stack(images)[:, None], torch.stack(targets)

    def _generator(self, drawn: str) -> torch.Generator:
        # A generator on the CPU looks at 32 bits of its seed only.
        return torch.Generator().manual_seed(zlib.crc32(f"{self.seed} {drawn}".encode()))


class MixedLoader:
    """Gives nnU-Net's trainer batches of synthetic and of rendered images.

    It takes the place of nnU-Net's training loader. On a CPU batches are made when they are asked
    for: nothing is gained by making them beside a network that uses all cores. Elsewhere one
    thread makes them ahead.
    """

    def __init__(
        self,
        synthetic: SyntheticBatches,
        rendered: Iterator[dict[str, Any]],
        *,
        batch_size: int,
        rendered_share: float,
        scales: Scales,
        first_step: int = 0,
    ) -> None:
        """Begins at a step.

        Args:
            synthetic: The synthetic images.
            rendered: nnU-Net's own loader; it is asked only for what is needed.
            batch_size: Images a batch.
            rendered_share: Share of images, over many batches, that are rendered.
            scales: Of the targets for deep supervision as nnU-Net gives them, or None.
            first_step: Where the stream of synthetic images goes on.
        """
        self.synthetic, self.rendered = synthetic, rendered
        self.batch_size, self.rendered_share, self.scales = batch_size, rendered_share, scales
        self.step = first_step
        self._waiting: list[tuple[Tensor, Tensor]] = []
        self._ahead: Queue[dict[str, Any] | BaseException] = Queue(_AHEAD)
        self._ended = Event()
        self._thread: Thread | None = None
        if synthetic.cases[0].ids.device.type != "cpu":
            self._thread = Thread(target=self._work, daemon=True)
            self._thread.start()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Itself; it never ends."""
        return self

    def __next__(self) -> dict[str, Any]:
        """Makes a batch: `data`, and `target` as a list where there is deep supervision."""
        if self._thread is None:
            return self._make()
        made = self._ahead.get()
        if isinstance(made, BaseException):
            raise made
        return made

    def close(self) -> None:
        """Stops making batches ahead, and waits for the one that is being made.

        It may need nnU-Net's own loader, which is ended afterwards.
        """
        self._ended.set()
        for _ in range(_LOOKS):
            if self._thread is None or not self._thread.is_alive():
                return
            # Room for the last one.
            with suppress(Empty):
                self._ahead.get_nowait()
            self._thread.join(_PATIENCE_S)

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                self._ahead.put(self._make())
            except BaseException as error:
                self._ahead.put(error)
                return

    def _make(self) -> dict[str, Any]:
        step = self.step
        self.step += 1
        # So that the share comes out over the batches, whatever their size.
        wanted = self.rendered_share * self.batch_size
        rendered = int((step + 1) * wanted) - int(step * wanted)
        parts = []
        if rendered < self.batch_size:
            parts.append(self.synthetic.batch(step, self.batch_size - rendered))
        parts += [self._next_rendered(self.synthetic.shape_of(step)) for _ in range(rendered)]
        data = torch.cat([images for images, _ in parts])
        target = torch.cat([targets for _, targets in parts])
        return {"data": data, "target": scaled_targets(target, self.scales)}

    def _next_rendered(self, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """One of nnU-Net's own images, cut to a size."""
        device = self.synthetic.cases[0].ids.device
        if not self._waiting:
            batch = next(self.rendered)
            target = batch["target"][0] if isinstance(batch["target"], list) else batch["target"]
            self._waiting = list(zip(batch["data"].split(1), target.split(1), strict=True))
        image, label = self._waiting.pop()
        rows, columns = shape
        top, left = (image.shape[2] - rows) // 2, (image.shape[3] - columns) // 2
        place = (..., slice(top, top + rows), slice(left, left + columns))
        return image[place].to(device), label[place].to(device, torch.bool)


def scaled_targets(target: Tensor, scales: Scales) -> Tensor | list[Tensor]:
    """Makes targets for deep supervision as nnU-Net's `DownsampleSegForDSTransform` does.

    Args:
        target: Shape (batch, regions, rows, columns), bool.
        scales: Of rows and columns for each output of the network, or None.

    Returns:
        A target for each scale, or the target itself where there are none.
    """
    if scales is None:
        return target
    targets = []
    for scale in scales:
        if all(part == 1 for part in scale):
            targets.append(target)
            continue
        size = [round(n * s) for n, s in zip(target.shape[2:], scale, strict=True)]
        smaller = functional.interpolate(target.float(), size=size, mode="nearest-exact")
        targets.append(smaller.to(target.dtype))
    return targets
