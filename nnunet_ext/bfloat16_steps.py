"""Training and validation steps in bfloat16 on CPUs that have instructions for it.

nnU-Net computes in float16 on a GPU and in float32 on a CPU, where half precision used to be
emulated and slow. bfloat16 has the exponent of float32, so nothing needs scaling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 by AMX or AVX-512 instructions."""
    tests = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, test, lambda: False)()) for test in tests)


class Float32Loss(torch.nn.Module):
    """A loss that is summed in float32, whatever its predictions are in.

    A sum over the pixels of a batch has more digits than bfloat16.
    """

    def __init__(self, loss: torch.nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(
        self,
        predicted: torch.Tensor | Sequence[torch.Tensor],
        target: Any,  # noqa: ANN401 - a tensor or a list, as the wrapped loss takes it
    ) -> torch.Tensor:
        """The wrapped loss of the predictions, or of one a resolution."""
        with torch.autocast("cpu", enabled=False):
            if isinstance(predicted, torch.Tensor):
                value: torch.Tensor = self.loss(predicted.float(), target)
            else:
                value = self.loss([one.float() for one in predicted], target)
        return value


class Bfloat16Steps(nnUNetTrainer):  # type: ignore[misc]
    """What a trainer does differently on a CPU that has instructions for bfloat16."""

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Takes a step as nnU-Net does, in bfloat16 where the CPU has instructions for it."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self._in_bfloat16()):
            outcome: dict[str, Any] = super().train_step(batch)
        return outcome

    def validation_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Judges patches as nnU-Net does, in bfloat16 where the training steps are."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self._in_bfloat16()):
            outcome: dict[str, Any] = super().validation_step(batch)
        return outcome

    def _build_loss(self) -> torch.nn.Module:
        loss: torch.nn.Module = super()._build_loss()
        return Float32Loss(loss) if self._in_bfloat16() else loss

    def _in_bfloat16(self) -> bool:
        return bool(self.device.type == "cpu") and cpu_has_bfloat16()
