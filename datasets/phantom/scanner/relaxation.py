"""Proton density, fat fraction and relaxation times of every material at 1.5 T, 3 T and 0.2-0.5 T.

Sources, by the marks used in the table:

* [G] Gold et al., AJR 2004;183:343-351: T1 and T2 of muscle, cartilage, synovial fluid and fat
  in the knee at 1.5 T and 3 T. Jordan et al., Eur J Radiol 2013;82:734-739 repeat them at 3 T.
* [S] Stanisz et al., Magn Reson Med 2005;54:507-512: blood and (optic) nerve, in vitro.
* [B] de Bazelaire et al., Radiology 2004;230:652-659: bulk vertebral marrow, T1 549/586 ms, T2
  49/49 ms; it bounds the mixture of water and fat, which is not listed there apart.
* [R] Ruschke et al., NMR Biomed 2021;34:e4439: T2 of the water in vertebral marrow at 3 T, median
  21.1 ms, shorter the more fat there is.
* [U] Reichert et al., Magn Reson Imaging 2005;23:611-618 at 1.5 T, and Du & Bydder, NMR Biomed
  2013;26:489-506 at 3 T: cortical bone by ultrashort echo times, T1 140-260 ms, T2* 0.4-0.5 ms.
* [F] Filho et al., AJR 2009;192:W117-W124: T1 of the Achilles tendon at 3 T; its T2* at 3 T, fit
  with one component, is 2.5 ms in Muscles Ligaments Tendons J 2015;5:58-62.
* [C] Chang et al., J Magn Reson Imaging 2015;41:870-883: review of ultrashort echo time imaging
  of menisci, tendons and ligaments.
* [W] Williams et al., Osteoarthritis Cartilage 2011;19:84-88: T2* of cartilage at 3 T.
* [Y] Yu et al., Magn Reson Med 2011;66:248-254: T2* of the lung, 2.11 ms and 0.74 ms.
* [e] Estimates of this project, chosen between the sources above so that the usual order of grey
  values comes out: skin, oedema, ligament, all proton densities and fat fractions, every T2* with
  no mark of its own, the water in fat, the T1 of marrow water, and the lung's T2, which stands for
  what breathing and diffusion leave of a spin echo.

From 0.2 to 0.5 T no table of all these tissues was found; times follow from those at 1.5 T. T1
falls with a power of the field, as Bottomley et al., Med Phys 1984;11:425-448 describe it; the
exponent for tissue water is near theirs for muscle (0.42, recalled), that for fat is an estimate
for which fat is nulled some 110 to 145 ms after inversion, and the T1 of free fluid hardly falls.
T2 stays; the part of T2* that comes from an uneven field falls with it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.structures import Material

FIELDS_T = (1.5, 3.0)
LOW_FIELDS_T = (0.2, 0.5)
# Powers of the field with which T1 falls from 1.5 T down.
T1_POWER, FLUID_T1_POWER, FAT_T1_POWER = 0.4, 0.05, 0.3


class Tissue(NamedTuple):
    """What a material gives to an MR image.

    Attributes:
        proton_density: Of water and fat together, relative to pure water.
        fat_fraction: Share of the protons that sit in fat.
        t1_ms: Longitudinal relaxation time of the water part at 1.5 T and 3 T.
        t2_ms: Transverse relaxation time of the water part at 1.5 T and 3 T.
        t2star_ms: The same with the dephasing that a gradient echo does not undo.
    """

    proton_density: float
    fat_fraction: float
    t1_ms: tuple[float, float]
    t2_ms: tuple[float, float]
    t2star_ms: tuple[float, float]


TISSUES: dict[Material, Tissue] = {
    # No protons: the times only keep the formulas defined.
    Material.AIR: Tissue(0.0, 0.0, (1000, 1000), (100, 100), (50, 50)),
    Material.LUNG: Tissue(0.25, 0.0, (1170, 1270), (10, 6), (2.1, 0.74)),  # [Y] [e]
    Material.SKIN: Tissue(0.70, 0.08, (900, 1100), (33, 29), (15, 12)),  # [e]
    Material.FAT: Tissue(0.92, 0.93, (1000, 1200), (38, 34), (26, 20)),  # [e]
    Material.MUSCLE: Tissue(0.80, 0.02, (1130, 1420), (35, 32), (28, 22)),  # [G]
    Material.TENDON: Tissue(0.62, 0.0, (600, 700), (4, 3.5), (2.7, 2.5)),  # [F]
    Material.LIGAMENT: Tissue(0.65, 0.03, (700, 800), (7, 6), (4, 3.5)),  # [C] [e]
    Material.CARTILAGE: Tissue(0.76, 0.0, (1060, 1240), (42, 37), (28, 23)),  # [G] [W]
    Material.FIBROCARTILAGE: Tissue(0.70, 0.0, (850, 1000), (12, 11), (7, 6)),  # [C]
    Material.FLUID: Tissue(0.98, 0.0, (2850, 3620), (1210, 767), (250, 150)),  # [G]
    Material.CORTICAL_BONE: Tissue(0.20, 0.0, (200, 230), (0.5, 0.45), (0.45, 0.4)),  # [U]
    Material.YELLOW_MARROW: Tissue(0.90, 0.84, (1000, 1150), (21, 19), (12, 8)),  # [B] [R] [e]
    Material.RED_MARROW: Tissue(0.90, 0.42, (1000, 1150), (27, 24), (14, 10)),  # [B] [R] [e]
    Material.OEDEMA: Tissue(0.92, 0.25, (1350, 1600), (90, 80), (22, 16)),  # [e]
    Material.BLOOD: Tissue(0.87, 0.0, (1441, 1932), (290, 275), (150, 50)),  # [S]
    Material.NERVE: Tissue(0.72, 0.08, (815, 1083), (77, 78), (40, 30)),  # [S]
}

# [G]; de Bazelaire et al. find 343/382 ms.
FAT_T1_MS = (288.0, 371.0)
# [G], measured with a train of echoes.
FAT_T2_TRAIN_MS = (165.0, 133.0)
# J-coupling dephases fat when echoes are far apart (Henkelman et al., Magn Reson Med 1992;28:
# 533-540). Pai et al., Magn Reson Imaging 2008;26:1215-1220 find 41 to 143 ms at 3 T, shortest
# with single echoes; the value within that range is an estimate [e].
FAT_T2_SINGLE_MS = (75.0, 68.0)


class Relaxation(NamedTuple):
    """The table at one field strength; float64 arrays of shape (len(Material),), times in ms.

    Attributes:
        water_density: Proton density of the water part.
        fat_density: Proton density of the fat part.
        t1_ms: Of water.
        t2_ms: Of water.
        t2star_ms: Of water.
        fat_t1_ms: Of fat.
        fat_t2_train_ms: Of fat in a train of echoes.
        fat_t2_single_ms: Of fat in a single echo.
    """

    water_density: np.ndarray[tuple[int], np.dtype[np.float64]]
    fat_density: np.ndarray[tuple[int], np.dtype[np.float64]]
    t1_ms: np.ndarray[tuple[int], np.dtype[np.float64]]
    t2_ms: np.ndarray[tuple[int], np.dtype[np.float64]]
    t2star_ms: np.ndarray[tuple[int], np.dtype[np.float64]]
    fat_t1_ms: float
    fat_t2_train_ms: float
    fat_t2_single_ms: float

    @property
    def fat_t2star_ms(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """T2* of the fat in each material: its field is as uneven as that of the water in it."""
        uneven = 1 / self.t2star_ms - 1 / self.t2_ms
        return 1 / (1 / self.fat_t2_single_ms + uneven)


def is_low_field(field_t: float) -> bool:
    """Tells whether a field strength lies between 0.2 and 0.5 T."""
    return LOW_FIELDS_T[0] <= field_t <= LOW_FIELDS_T[1]


def check_field(field_t: float) -> None:
    """Refuses a field strength at which relaxation times are not known.

    Raises:
        ValueError: If it is neither 1.5 nor 3 T nor between 0.2 and 0.5 T.
    """
    if field_t not in FIELDS_T and not is_low_field(field_t):
        lowest, highest = LOW_FIELDS_T
        msg = (
            f"The field strength must be one of {FIELDS_T} T or lie between {lowest} and {highest} "
            f"T, where relaxation times are known; got {field_t} T."
        )
        raise ValueError(msg)


def relaxation(field_t: float) -> Relaxation:
    """Looks up the table at a field strength.

    Args:
        field_t: 1.5 or 3 tesla, or 0.2 to 0.5.

    Returns:
        Densities and times, indexed by `Material`.

    Raises:
        ValueError: If relaxation times are not known there.
    """
    check_field(field_t)
    low = is_low_field(field_t)
    column = 0 if low else FIELDS_T.index(field_t)
    tissues = [TISSUES[material] for material in Material]
    density = np.array([tissue.proton_density for tissue in tissues])
    fat = np.array([tissue.fat_fraction for tissue in tissues])
    table = Relaxation(
        water_density=density * (1 - fat),
        fat_density=density * fat,
        t1_ms=np.array([float(tissue.t1_ms[column]) for tissue in tissues]),
        t2_ms=np.array([float(tissue.t2_ms[column]) for tissue in tissues]),
        t2star_ms=np.array([float(tissue.t2star_ms[column]) for tissue in tissues]),
        fat_t1_ms=FAT_T1_MS[column],
        fat_t2_train_ms=FAT_T2_TRAIN_MS[column],
        fat_t2_single_ms=FAT_T2_SINGLE_MS[column],
    )
    return _weakened(table, field_t / FIELDS_T[0]) if low else table


def _weakened(table: Relaxation, share: float) -> Relaxation:
    """The table of a lower field strength, given as its share of the table's."""
    power = np.full(len(Material), T1_POWER)
    power[Material.FLUID] = FLUID_T1_POWER
    uneven = (1 / table.t2star_ms - 1 / table.t2_ms) * share
    return table._replace(
        t1_ms=table.t1_ms * share**power,
        t2star_ms=1 / (1 / table.t2_ms + uneven),
        fat_t1_ms=table.fat_t1_ms * share**FAT_T1_POWER,
    )
