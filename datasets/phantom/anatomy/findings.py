"""What is wrong, or merely individual, with a shoulder: defects, tears, fluid, fat, oedema."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Findings:
    """The state of one shoulder; the defaults are a sound one.

    Attributes:
        glenoid_bone_loss_percent: Area of the best-fit circle of the lower glenoid that is missing
            in front, cut off straight from top to bottom.
        hill_sachs_depth_mm: Depth of a Hill-Sachs defect under the head's surface, 0 for none.
        hill_sachs_width_mm: Its width where it opens, less than the head's diameter.
        humeral_osteophyte_mm: Height of the beak under the head, 0 for none.
        glenoid_osteophyte_mm: Height of the spur at the lower rim, 0 for none.
        cartilage_loss: Share of the cartilage that is worn away, 0 to 0.65; the person's dimensions
            state what is left.
        effusion_mm: How far fluid distends the joint capsule where there is most of it.
        bursa_mm: Thickness of fluid in the subacromial bursa; twice that where most is.
        fatty_infiltration: Grade of fat in supraspinatus and infraspinatus, 0 to 0.8; the mean
            share painted is about 0.05 for 0.05, 0.12 for 0.3 and 0.26 for 0.6.
        cuff_tear_mm: Retraction of a full-thickness supraspinatus tear, 0 for none.
        oedema_radius_mm: Radius of a marrow oedema in the humerus, 0 for none.
        oedema_centre_mm: Its centre in the humerus frame.
        red_marrow: Share of red marrow in the metaphysis, 0 to 1.
        physeal_scar: Visibility of the scar of the growth plate, 0 to 1.
    """

    glenoid_bone_loss_percent: float = 0.0
    hill_sachs_depth_mm: float = 0.0
    hill_sachs_width_mm: float = 18.0
    humeral_osteophyte_mm: float = 0.0
    glenoid_osteophyte_mm: float = 0.0
    cartilage_loss: float = 0.0
    effusion_mm: float = 0.0
    bursa_mm: float = 0.0
    fatty_infiltration: float = 0.05
    cuff_tear_mm: float = 0.0
    oedema_radius_mm: float = 0.0
    oedema_centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    red_marrow: float = 0.5
    physeal_scar: float = 0.5
