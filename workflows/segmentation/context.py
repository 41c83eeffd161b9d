"""Corrects what the U-Nets say of slices by what they say of the neighbouring ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.settings import Settings


def has_context(bundle: Bundle, settings: Settings) -> bool:
    """Whether slices are corrected by their neighbours: as asked for, or where the bundle can.

    Args:
        bundle: the models.
        settings: how they are used.
    """
    return bundle.context is not None and settings.slice_context is not False


def check_context(bundle: Bundle, settings: Settings) -> None:
    """Sees that the bundle has a slice context if one is asked for.

    Raises:
        ValueError: if it has none.
    """
    if settings.slice_context and bundle.context is None:
        msg = (
            "the bundle has no slice context; make one with `shoulderseg learn-context`, or leave "
            "the option out"
        )
        raise ValueError(msg)


def correct_slices(
    bones: dict[str, npt.NDArray[np.float32]],
    volume: Volume,
    bundle: Bundle,
    settings: Settings,
    axis: int,
) -> None:
    """Corrects the U-Nets' probabilities in place, where the bundle can and the settings let it.

    Args:
        bones: of `predict_probabilities` for the volume.
        volume: that the U-Nets saw.
        bundle: the models.
        settings: how they are used.
        axis: along which its slices lie.
    """
    if bundle.context is None or not has_context(bundle, settings):
        return
    # Not before: bundles without a slice context need no torch on a CPU.
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.slice_context import correct_by_context

    sides_mm = list(volume.spacing_mm)
    # Views, through which the arrays themselves are changed.
    voters = [np.moveaxis(bones[variant], axis, 0) for variant in (FIRST, SECOND, WHOLE)]
    correct_by_context(
        bundle.context.network,
        voters,
        [sides_mm.pop(axis), *sides_mm],
        share=bundle.context.share,
        device=settings.device,
    )
