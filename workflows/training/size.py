"""The sizes of network that can be planned and trained."""

from __future__ import annotations

AUTO, SMALL = "auto", "small"


def plans_name(size: str) -> str:
    """Gives nnU-Net's identifier of the plans of a network.

    Args:
        size: `auto` for the network that nnU-Net plans itself, or `small`.

    Raises:
        ValueError: if there is no such size.
    """
    from shoulderseg.nnunet_ext.plans import DEFAULT_PLANS, SMALL_PLANS

    names = {AUTO: DEFAULT_PLANS, SMALL: SMALL_PLANS}
    if size not in names:
        msg = f"network size is {size!r}, expected {AUTO} or {SMALL}"
        raise ValueError(msg)
    return names[size]
