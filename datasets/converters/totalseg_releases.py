"""The TotalSegmentator datasets: names, licences, sources and known faults."""

from __future__ import annotations

from dataclasses import dataclass

from shoulderseg.datasets.nnunet_raw import DatasetSpec


@dataclass(frozen=True)
class Release:
    """What differs between the two datasets.

    Attributes:
        image_name: Name of the image in each folder.
        channel_name: nnU-Net's name of the channel, which decides how it is normalised.
        name: Name for the new dataset, if no other is wanted.
        licence: Of the data.
        reference: Where they come from.
        notice: What everyone who takes the data has to know.
    """

    image_name: str
    channel_name: str
    name: str
    licence: str
    reference: str
    notice: str


MRI = Release(
    image_name="mri.nii.gz",
    channel_name="MRI",
    name="TotalSegMRI",
    licence="CC BY-NC-SA 2.0",
    reference="TotalSegmentator MRI, https://doi.org/10.5281/zenodo.11367004",
    notice=(
        "Licence: CC BY-NC-SA 2.0, not for commercial use, share alike. Treat weights that were "
        "trained on it the same way. Cite Akinci D'Antonoli et al., Radiology 2025. Compare with "
        "the licence text that came with your copy."
    ),
)
CT = Release(
    image_name="ct.nii.gz",
    channel_name="CT",
    name="TotalSegCT",
    licence="CC BY 4.0",
    reference="TotalSegmentator CT, https://doi.org/10.5281/zenodo.10047292",
    notice=(
        "Licence: CC BY 4.0. Cite Wasserthal et al., Radiology: AI 2023. Known fault: the "
        "supraspinous fossa of the scapula is not labelled (issue 317 of its authors). It lies "
        "medial of the glenoid cut here, yet take the shapes for priors, not for truth."
    ),
)


def totalseg_spec(release: Release, dataset_id: int, name: str | None) -> DatasetSpec:
    """Gives the spec of a dataset made from a release, under its name if None is given."""
    return DatasetSpec(
        dataset_id=dataset_id,
        name=name or release.name,
        channel_name=release.channel_name,
        licence=release.licence,
        reference=release.reference,
        description="Shoulders cut out of body scans; the glenoid is cut from the scapula",
    )
