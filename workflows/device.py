"""Where networks run."""

from __future__ import annotations

DEVICES = ("auto", "cuda", "mps", "cpu")


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
