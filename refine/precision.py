"""Whether a device multiplies in bfloat16 faster than in float32."""

from __future__ import annotations

import torch


def has_fast_half(device: torch.device | str) -> bool:
    """Tells whether bfloat16 has units of its own on a device.

    Args:
        device: Cpu, cuda or mps.

    Returns:
        True for GPUs from NVIDIA's Ampere on and for CPUs with AMX or AVX-512 BF16. Elsewhere
        bfloat16 is emulated and slower than float32, or not to be relied on.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if kind == "cpu":
        tests = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
        return any(bool(getattr(torch.cpu, test, lambda: False)()) for test in tests)
    return False
