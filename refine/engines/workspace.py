"""Memory that one worker uses again for slice after slice."""

from __future__ import annotations

import torch


class Workspace:
    """Named buffers that grow to the largest table asked for.

    Fresh memory costs a page fault every 4 KiB, which for tables of megabytes takes as long as
    filling them. A workspace belongs to one thread.

    Args:
        device: Where its buffers lie.
        dtype: Their type.
    """

    def __init__(self, device: torch.device | str, dtype: torch.dtype) -> None:
        self._device = torch.device(device)
        self.dtype = dtype
        self._buffers: dict[str, torch.Tensor] = {}

    def table(self, name: str, rows: int, columns: int) -> torch.Tensor:
        """Returns a contiguous (rows, columns) view of a buffer, with whatever it held before.

        Whoever asks for the same name again overwrites it.
        """
        size = rows * columns
        buffer = self._buffers.get(name)
        if buffer is None or buffer.numel() < size:
            # Dropped first, so that old and new are never both held.
            self._buffers.pop(name, None)
            buffer = torch.empty(size, dtype=self.dtype, device=self._device)
            self._buffers[name] = buffer
        return buffer[:size].view(rows, columns)
