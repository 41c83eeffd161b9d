"""`slice_context.safetensors` of a bundle: the network that corrects U-Nets from slice to slice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from shoulderseg.refine.slice_context import ContextConfig, SliceContext

CONTEXT_FILE = "slice_context.safetensors"
# The one entry of the file's head: the network's shape, the share, and what was found with it.
_ENTRY = "slice_context"


@dataclass(frozen=True)
class Context:
    """A slice context, loaded.

    Attributes:
        network: of the three U-Nets, in the order of `nnunet_ext.variants`.
        share: of its corrections that is made, as held-out patients chose.
    """

    network: SliceContext
    share: float


def write_context(
    path: Path,
    config: ContextConfig,
    weights: Mapping[str, torch.Tensor],
    share: float,
    evidence: Mapping[str, Any],
) -> None:
    """Writes a slice context.

    Args:
        path: the file.
        config: shape of the network.
        weights: of it.
        share: of its corrections that is made.
        evidence: what held-out patients showed; it is kept for the reader only.
    """
    from safetensors.torch import save_file

    told = {"config": asdict(config), "share": share, "evidence": dict(evidence)}
    tensors = {name: values.float().contiguous() for name, values in weights.items()}
    save_file(tensors, path, metadata={_ENTRY: json.dumps(told)})


def read_context(path: Path) -> Context:
    """Reads what `write_context` wrote; the file may come from anywhere. No pickle is read.

    Raises:
        ValueError: if it is something else; names the file.
    """
    from safetensors import safe_open

    from shoulderseg.nnunet_ext.bundle import read_tensors
    from shoulderseg.refine.slice_context import VOTERS, ContextConfig, load_context

    weights = read_tensors(path)
    with safe_open(path, framework="numpy") as stored:
        head = stored.metadata() or {}
    try:
        told = json.loads(head[_ENTRY])
        share = float(told["share"])
        config = ContextConfig(**told["config"])
        if config.voters != VOTERS or not 0 <= share <= 1:
            msg = f"it has {config.voters} voters and the share {share}"
            raise ValueError(msg)
        return Context(load_context(config, weights), share)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        msg = f"{path.name}: not a slice context: {error}; get the bundle from where it was made"
        raise ValueError(msg) from error
