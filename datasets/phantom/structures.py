"""The anatomical structures of the tissue map, and what each is made of."""

from __future__ import annotations

from enum import IntEnum


class Material(IntEnum):
    """Something with one set of relaxation times, a proton density and a fat fraction."""

    AIR = 0
    LUNG = 1
    SKIN = 2
    FAT = 3
    MUSCLE = 4
    TENDON = 5
    LIGAMENT = 6
    CARTILAGE = 7
    FIBROCARTILAGE = 8
    FLUID = 9
    CORTICAL_BONE = 10
    YELLOW_MARROW = 11
    RED_MARROW = 12
    OEDEMA = 13
    BLOOD = 14
    NERVE = 15


class Structure(IntEnum):
    """A value of the tissue map."""

    AIR = 0
    SKIN = 1
    SUBCUTANEOUS_FAT = 2
    INTERMUSCULAR_FAT = 3

    HUMERUS_CORTEX = 10
    HUMERUS_MARROW = 11
    HUMERUS_PHYSEAL_SCAR = 12
    HUMERUS_MARROW_OEDEMA = 13
    SCAPULA_CORTEX = 15
    SCAPULA_MARROW = 16
    CLAVICLE_CORTEX = 20
    CLAVICLE_MARROW = 21
    RIB_CORTEX = 22
    RIB_MARROW = 23

    HUMERAL_CARTILAGE = 30
    GLENOID_CARTILAGE = 31
    LABRUM = 32
    JOINT_FLUID = 33
    BURSA = 34
    CAPSULE = 35
    CORACOACROMIAL_LIGAMENT = 36
    CORACOHUMERAL_LIGAMENT = 37
    ACROMIOCLAVICULAR_JOINT = 38

    SUPRASPINATUS = 40
    INFRASPINATUS = 41
    SUBSCAPULARIS = 42
    TERES_MINOR = 43
    SUPRASPINATUS_TENDON = 44
    INFRASPINATUS_TENDON = 45
    SUBSCAPULARIS_TENDON = 46
    TERES_MINOR_TENDON = 47
    BICEPS_LONG_TENDON = 48
    DELTOID = 50
    TRAPEZIUS = 51
    TERES_MAJOR = 52
    LATISSIMUS_DORSI = 53
    TRICEPS = 54
    PECTORALIS_MAJOR = 55
    PECTORALIS_MINOR = 56
    CORACOBRACHIALIS = 57
    BICEPS = 58
    SERRATUS_ANTERIOR = 59
    CHEST_WALL = 60
    OTHER_MUSCLE = 61

    NEUROVASCULAR_FAT = 70
    ARTERY = 71
    VEIN = 72
    NERVE = 73
    LUNG = 80


HUMERUS = frozenset(
    part
    for part in Structure
    if Structure.HUMERUS_CORTEX <= part <= Structure.HUMERUS_MARROW_OEDEMA
)
SCAPULA = frozenset(
    part for part in Structure if Structure.SCAPULA_CORTEX <= part <= Structure.SCAPULA_MARROW
)

# What a structure is made of, and what it turns into where its texture says so: marrow from yellow
# to red, muscle to fat, fat to its septa.
COMPOSITION: dict[Structure, tuple[Material, Material]] = {
    Structure.AIR: (Material.AIR, Material.AIR),
    Structure.SKIN: (Material.SKIN, Material.SKIN),
    Structure.SUBCUTANEOUS_FAT: (Material.FAT, Material.LIGAMENT),
    Structure.INTERMUSCULAR_FAT: (Material.FAT, Material.MUSCLE),
    Structure.HUMERUS_CORTEX: (Material.CORTICAL_BONE, Material.OEDEMA),
    Structure.HUMERUS_MARROW: (Material.YELLOW_MARROW, Material.RED_MARROW),
    Structure.HUMERUS_PHYSEAL_SCAR: (Material.CORTICAL_BONE, Material.YELLOW_MARROW),
    Structure.HUMERUS_MARROW_OEDEMA: (Material.YELLOW_MARROW, Material.OEDEMA),
    Structure.SCAPULA_CORTEX: (Material.CORTICAL_BONE, Material.OEDEMA),
    Structure.SCAPULA_MARROW: (Material.YELLOW_MARROW, Material.RED_MARROW),
    Structure.CLAVICLE_CORTEX: (Material.CORTICAL_BONE, Material.CORTICAL_BONE),
    Structure.CLAVICLE_MARROW: (Material.YELLOW_MARROW, Material.RED_MARROW),
    Structure.RIB_CORTEX: (Material.CORTICAL_BONE, Material.CORTICAL_BONE),
    Structure.RIB_MARROW: (Material.RED_MARROW, Material.YELLOW_MARROW),
    Structure.HUMERAL_CARTILAGE: (Material.CARTILAGE, Material.FLUID),
    Structure.GLENOID_CARTILAGE: (Material.CARTILAGE, Material.FLUID),
    Structure.LABRUM: (Material.FIBROCARTILAGE, Material.FLUID),
    Structure.JOINT_FLUID: (Material.FLUID, Material.CARTILAGE),
    Structure.BURSA: (Material.FLUID, Material.FAT),
    Structure.CAPSULE: (Material.LIGAMENT, Material.FAT),
    Structure.CORACOACROMIAL_LIGAMENT: (Material.LIGAMENT, Material.FAT),
    Structure.CORACOHUMERAL_LIGAMENT: (Material.LIGAMENT, Material.FAT),
    Structure.ACROMIOCLAVICULAR_JOINT: (Material.FIBROCARTILAGE, Material.FLUID),
    **{
        muscle: (Material.MUSCLE, Material.FAT)
        for muscle in Structure
        if Structure.SUPRASPINATUS <= muscle <= Structure.TERES_MINOR
        or Structure.DELTOID <= muscle <= Structure.OTHER_MUSCLE
    },
    **{
        tendon: (Material.TENDON, Material.FLUID)
        for tendon in Structure
        if Structure.SUPRASPINATUS_TENDON <= tendon <= Structure.BICEPS_LONG_TENDON
    },
    Structure.NEUROVASCULAR_FAT: (Material.FAT, Material.LIGAMENT),
    Structure.ARTERY: (Material.BLOOD, Material.BLOOD),
    Structure.VEIN: (Material.BLOOD, Material.BLOOD),
    Structure.NERVE: (Material.NERVE, Material.FAT),
    Structure.LUNG: (Material.LUNG, Material.LUNG),
}
