"""What holds for all cases of a run: bundle, options, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.settings import Settings


def describe_run(bundle: Bundle, settings: Settings, *, elsewhere: bool = False) -> dict[str, Any]:
    """What holds for all cases of a run.

    Args:
        bundle: the models.
        settings: how they are used.
        elsewhere: whether others segment: device, engine and precision are as asked for then, and
            each case says what it was computed on.
    """
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.workflows.bundles.manifest import NOTICE
    from shoulderseg.workflows.segmentation.context import has_context
    from shoulderseg.workflows.segmentation.refining import (
        has_three_planes,
        is_cropping,
        is_refining,
    )

    computed = {
        "device": settings.device,
        "engine": settings.engine,
        "precision": settings.precision,
    }
    if not elsewhere:
        computed = computed_on(bundle, settings)
    refined = is_refining(bundle, settings)
    usually = is_refining(bundle, replace(settings, refine=None))
    every = list(next(iter(bundle.unets.weights.values())))
    packages = ["shoulderseg", "nnunetv2", "torch", "SimpleITK", "numpy"]
    packages += ["openvino"] if computed["engine"] == "openvino" else []
    return {
        "notice": NOTICE,
        "versions": {name: version(name) for name in packages},
        **computed,
        "model_sha256": bundle.digest,
        "labels": foreground_labels(bundle.unets.dataset_json),
        "folds": settings.folds or every,
        "every_fold": set(settings.folds or every) == set(every),
        "vote": settings.vote,
        "voters": "all" if settings.all_voters else "unets",
        "mirroring": settings.mirroring and bundle.unets.mirroring_axes is not None,
        "cropped": is_cropping(bundle, settings),
        "three_planes": has_three_planes(bundle, settings),
        "slice_context": has_context(bundle, settings),
        "refined": refined,
        "refine": "default" if refined == usually else "on" if refined else "off",
        "as_stored": settings.as_stored and bundle.upright,
        "precision_chosen": settings.precision != "auto",
        "quality_calibrated_with": dict(bundle.quality_settings),
    }


def computed_on(bundle: Bundle, settings: Settings) -> dict[str, str]:
    """The device, and what computes the U-Nets on it, in which precision.

    Args:
        bundle: the models.
        settings: how they are used.

    Raises:
        ValueError: if what is asked for cannot run them.
    """
    from shoulderseg.nnunet_ext.engines.choice import choose_engine
    from shoulderseg.nnunet_ext.unet_set import is_quantisable

    engine = choose_engine(
        settings.engine,
        settings.device,
        bundle.unets.plans,
        precision=settings.precision,
        quantisable=is_quantisable(bundle.unets),
    )
    return {"device": settings.device, "engine": engine.name, "precision": engine.precision}


def calibration_doubt(described: Mapping[str, Any]) -> str:
    """Says where a run differs from the one that the bundle's quality was calibrated with.

    Args:
        described: what `describe_run` gives.

    Returns:
        A sentence; empty where nothing is known to differ.
    """
    used = described["quality_calibrated_with"]
    names = ["mirroring", "vote", "voters", "cropped", "three_planes", "slice_context", "refine"]
    # Which one is fastest differs from machine to machine, and masks hardly do.
    names += ["precision"] if described.get("precision_chosen") else []
    differing = [
        f"{name} {used[name]} (now {described[name]})"
        for name in names
        if name in used and name in described and used[name] != described[name]
    ]
    if used and described.get("as_stored"):
        differing.append("as_stored False (now True)")
    if used.get("folds") == "all" and not described.get("every_fold", True):
        differing.append(f"all folds (now {', '.join(described['folds'])})")
    if not differing:
        return ""
    return f"predicted Dice was calibrated with {', '.join(differing)}: take it with more care"
