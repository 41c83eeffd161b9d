"""How a bundle's networks are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.choice import EngineChoice, PrecisionChoice
    from shoulderseg.refine.voting import Rule


@dataclass(frozen=True)
class Settings:
    """How a case is segmented.

    Attributes:
        device: cpu, cuda or mps.
        folds: folds of the U-Nets, None for all.
        mirroring: whether the U-Nets average over mirror images.
        vote: how the voters are fused.
        refine: whether the AlexNet decides the edges; None asks the bundle whether that helps.
        all_voters: whether the AlexNet votes beside the U-Nets.
        as_stored: whether volumes are left as they lie in their files, though the bundle was
            trained on upright ones.
        engine: what computes the U-Nets on a CPU.
        precision: what they are computed in.
        crop: whether the U-Nets see the surroundings of the bones alone; None asks the bundle.
        three_planes: whether volumes of many thin slices are seen in all three planes; None asks
            the bundle.
        slice_context: whether slices are corrected by their neighbours; None where the bundle can.
    """

    device: str
    folds: list[str] | None
    mirroring: bool
    vote: Rule
    refine: bool | None = None
    all_voters: bool = False
    as_stored: bool = False
    engine: EngineChoice = "auto"
    precision: PrecisionChoice = "auto"
    crop: bool | None = None
    three_planes: bool | None = None
    slice_context: bool | None = None
