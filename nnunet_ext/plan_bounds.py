"""How large a network and its patches may be; far above what nnU-Net plans for slices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

# nnU-Net plans up to nine stages of up to 512 features, patches that fit the memory of one GPU,
# and the spacing of the images.
MOST_STAGES = 16
MOST_FEATURES = 4096
_ENTRIES = {
    "features_per_stage": MOST_FEATURES,
    "kernel_sizes": 15,
    "strides": 8,
    "n_conv_per_stage": 32,
    "n_conv_per_stage_decoder": 32,
    "n_blocks_per_stage": 32,
}
_MOST_PATCH = 4096
_SPACING_MM = (0.05, 100.0)
# Plans tell of channels, stages and axes, none of which are many.
_MOST_ENTRIES = 1000
# Of the configuration, an entry a channel each; the networks see one image.
_PER_CHANNEL = ("normalization_schemes", "use_mask_for_norm")
# Values that the encoder's stages give for one patch: 2 GiB.
_MOST_VALUES = 2**29


def find_excess(configuration: Mapping[str, Any]) -> str | None:
    """Returns what is beyond the bounds in a 2d configuration of plans, or None.

    Args:
        configuration: From a file that may come from anywhere.

    Raises:
        KeyError: If an entry is missing.
        TypeError: If one is of a wrong type.
    """
    return next(_excesses(configuration), None)


def find_length(plans: Mapping[str, Any]) -> str | None:
    """Returns which list or object of plans is too long for any plans of one channel, or None.

    Args:
        plans: From a file that may come from anywhere.
    """
    left: list[tuple[str, object]] = [("plans.json", plans)]
    while left:
        name, value = left.pop()
        if isinstance(value, list | dict) and len(value) > _MOST_ENTRIES:
            return f"{name} has {len(value)} entries, expected {_MOST_ENTRIES} at most"
        if isinstance(value, dict):
            left += [(shown(key), item) for key, item in value.items()]
        elif isinstance(value, list):
            left += [(name, item) for item in value]
    per_channel = plans.get("foreground_intensity_properties_per_channel")
    if isinstance(per_channel, dict) and len(per_channel) > 1:
        return f"it tells of the intensities of {len(per_channel)} channels, expected one"
    return None


def _excesses(configuration: Mapping[str, Any]) -> Iterator[str]:
    for name in _PER_CHANNEL:
        entries = configuration[name]
        if not isinstance(entries, list) or len(entries) != 1:
            yield f"{name} is {shown(entries)}, expected a list of one entry, for one channel"
    kwargs = configuration["architecture"]["arch_kwargs"]
    stages = kwargs["n_stages"]
    if type(stages) is not int or not 1 <= stages <= MOST_STAGES:
        yield f"n_stages is {stages!r}, expected 1 to {MOST_STAGES}"
    for name, most in _ENTRIES.items():
        if name in kwargs and not _are_counts(kwargs[name], stages, most):
            expected = f"expected up to {stages} numbers of 1 to {most}"
            yield f"{name} is {shown(kwargs[name])}, {expected}"
    strides = kwargs["strides"]
    if isinstance(strides, list) and strides and strides[0] not in (1, [1, 1]):
        yield f"its first stride is {shown(strides[0])}, expected 1: slices keep their size"
    patch, spacing = configuration["patch_size"], configuration["spacing"]
    if not _are_counts(patch, 2, _MOST_PATCH) or len(patch) != 2:
        yield f"patch_size is {shown(patch)}, expected two numbers of 1 to {_MOST_PATCH}"
    least, greatest = _SPACING_MM
    # NaN fails every comparison.
    if len(spacing) != 2 or not all(least <= length <= greatest for length in spacing):
        yield f"spacing is {shown(spacing)}, expected two lengths of {least:g} to {greatest:g} mm"
    values = _values(patch, kwargs["features_per_stage"], kwargs["strides"])
    if values > _MOST_VALUES:
        yield f"its stages give {values} values for one patch, expected {_MOST_VALUES} at most"


def _are_counts(value: object, length: int, most: int) -> bool:
    """Whether something is a short list of counts, or of pairs of them."""
    if not isinstance(value, list) or len(value) > length:
        return False
    flat = [part for item in value for part in (item[:3] if isinstance(item, list) else [item])]
    return all(type(number) is int and 1 <= number <= most for number in flat)


def _values(patch: list[int], features: list[int], strides: list[list[int] | int]) -> int:
    values, area = 0, math.prod(patch)
    for count, stride in zip(features, strides, strict=False):
        area = math.ceil(area / (math.prod(stride) if isinstance(stride, list) else stride**2))
        values += area * count
    return values


def shown(value: object) -> str:
    """Gives a value as a message may quote it: printable, and not long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
