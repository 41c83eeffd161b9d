"""Hands nnU-Net the trainers of the installed package.

nnU-Net imports the files of this folder as top-level modules and forgets them after its search.
Re-exported classes keep their real module, so data workers can unpickle what belongs to them
whatever way they are started.
"""

from shoulderseg.nnunet_ext.synthetic_trainers import (
    nnUNetTrainerShoulderGlenoidSynthetic,
    nnUNetTrainerShoulderHumerusSynthetic,
    nnUNetTrainerShoulderSharedSynthetic,
    nnUNetTrainerShoulderWholeSynthetic,
)
from shoulderseg.nnunet_ext.trainers import (
    nnUNetTrainerScheduled,
    nnUNetTrainerShoulderGlenoid,
    nnUNetTrainerShoulderHumerus,
    nnUNetTrainerShoulderWhole,
)

__all__ = [
    "nnUNetTrainerScheduled",
    "nnUNetTrainerShoulderGlenoid",
    "nnUNetTrainerShoulderGlenoidSynthetic",
    "nnUNetTrainerShoulderHumerus",
    "nnUNetTrainerShoulderHumerusSynthetic",
    "nnUNetTrainerShoulderSharedSynthetic",
    "nnUNetTrainerShoulderWhole",
    "nnUNetTrainerShoulderWholeSynthetic",
]
