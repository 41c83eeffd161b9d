"""Where networks run."""

from __future__ import annotations

import sys
from pathlib import Path

DEVICES = ("auto", "cuda", "mps", "cpu")


# Where Linux shows a GPU of NVIDIA, one of AMD, and one in a virtual machine of Windows.
_GPU_FILES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def resolve_device(name: str) -> str:
    """Chooses the device to use.

    Args:
        name: cuda, mps or cpu; `auto` takes the first of these that is there.

    Returns:
        Its name for torch.

    Raises:
        ValueError: if there is no such device here.
    """
    if name not in DEVICES:
        msg = f"device is {name!r}, expected one of {', '.join(DEVICES)}"
        raise ValueError(msg)
    # Torch takes seconds to import, for an answer that is known.
    if name == "cpu" or (name == "auto" and not _may_have_gpu()):
        return "cpu"
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(device for device, there in available.items() if there)
    if not available[name]:
        msg = f"device {name} is not available here; try --device cpu"
        raise ValueError(msg)
    return name


def _may_have_gpu() -> bool:
    """False where there is none that torch could use; otherwise torch is to be asked."""
    return sys.platform != "linux" or any(Path(file).exists() for file in _GPU_FILES)
