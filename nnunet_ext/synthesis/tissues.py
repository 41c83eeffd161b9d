"""What structures are made of, as tensors for signal equations and as kinds for random looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.volumes import Part

KINDS = {
    "yellow_marrow": "marrow",
    "red_marrow": "marrow",
    "oedema": "marrow",
    "cortical_bone": "dark",
    "tendon": "dark",
    "ligament": "dark",
    "fibrocartilage": "dark",
    "muscle": "muscle",
    "fat": "fat",
    "fluid": "fluid",
    "cartilage": "cartilage",
    "air": "air",
    "lung": "air",
}

_MARROW = ["yellow_marrow", "red_marrow"]


@dataclass(frozen=True, eq=False)
class Tissues:
    """The composition of all structures.

    Attributes:
        ids: Of the structures, (S,), int64.
        shares: Of up to P materials in each, (S, P), float32.
        values: Densities and relaxation times at 1.5 T by name, (S, P) each, float32.
        kinds: Ids of structures by the kind of what they are mostly made of; a material without a
            kind is one of its own.
        marrow: Which of the structures are a mixture of yellow and then red marrow, (S,), bool.
    """

    ids: Tensor
    shares: Tensor
    values: Mapping[str, Tensor]
    kinds: Mapping[str, list[int]]
    marrow: Tensor


def gather_tissues(composition: Mapping[int, tuple[Part, ...]]) -> Tissues:
    """Puts the composition of structures into tensors.

    Args:
        composition: Materials by the id of a structure, at least one each.

    Returns:
        The same; a structure of fewer materials than others repeats its last one with share 0.
    """
    ids = sorted(composition)
    most = max(len(composition[number]) for number in ids)
    rows = [
        [composition[number][min(k, len(composition[number]) - 1)] for k in range(most)]
        for number in ids
    ]
    shares = [
        [part.share if k < len(composition[number]) else 0.0 for k, part in enumerate(row)]
        for number, row in zip(ids, rows, strict=True)
    ]
    kinds: dict[str, list[int]] = {}
    for number in ids:
        material = max(composition[number], key=lambda part: part.share).material
        kinds.setdefault(KINDS.get(material, material), []).append(number)
    return Tissues(
        ids=torch.tensor(ids),
        shares=torch.tensor(shares),
        values={
            name: torch.tensor([[part.tissue[name] for part in row] for row in rows])
            for name in rows[0][0].tissue
        },
        kinds=kinds,
        marrow=torch.tensor([[part.material for part in row] == _MARROW for row in rows]),
    )
