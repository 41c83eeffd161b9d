"""Where each dimension of the shoulder comes from, by entry of the table of distributions.

"Read" means that the numbers stand in the abstract or text that was looked up; "recalled" that
the study is cited from knowledge of the literature and its page was not at hand. "Parted" values
are a study's pooled mean and SD split between the sexes so that its mixture gives them back.
"""

from __future__ import annotations

_LABRUM_MRI = (
    "MRI of 43 patients, 35 of them men, in the study of the labrum's influence on glenoid "
    "inclination and curvature, PMC12925909 (read)"
)
_CHINA = "North Chinese 3-D CT, J Orthop Surg Res 2023, 10.1186/s13018-023-03504-2 (read)"
_BOILEAU = "Boileau, J Bone Joint Surg Br 1997 (recalled)"
_ROBERTSON = "Robertson, J Bone Joint Surg Am 2000 (recalled)"
_IANNOTTI = "Iannotti, J Bone Joint Surg Am 1992"
_SCHROEDER = "von Schroeder, Clin Orthop 2001, 15 pairs (read)"
_THAI = "97 Thai scapulae, Siriraj Med J 2004 (read)"
_COSTA = "Oliveira Costa, Int J Morphol 2016 (read)"
_CHURCHILL = (
    "Churchill, J Shoulder Elbow Surg 2001, 344 scapulae (per-sex values recalled; the abstract, "
    "read, gives none)"
)
_DU_PLESSIS = "du Plessis, J Shoulder Elbow Surg 2020, 100 CT scans (read)"
_GLENOID_CT = (
    "Means of two CT studies, Mathews, BMC Musculoskelet Disord 2017, and Impact of age on glenoid "
    "size, 380 shoulders (read), women and men"
)
_KIM_CLAVICLE = "Kim, Clin Orthop Surg 2025, 10.4055/cios24289 (read)"
_MATSUMURA = (
    "Matsumura, J Shoulder Elbow Surg 2014, 10.1016/j.jse.2014.02.020, 410 shoulders (read)"
)
_RADIOGRAPHS = "Radiologic Analysis in Normal Glenohumeral Joint, KoreaMed 2423486 (read)"
_CARTILAGE = "22 cadavers, Katakansetsu 1997;21(3):423 (read)"
_KARTHIKEYAN = "Karthikeyan, J Shoulder Elbow Surg 2014, 10.1016/j.jse.2013.11.012 (read)"
_POSTURE = "Our estimate for a patient lying on the back with the arm at the side."

SOURCES: dict[str, str] = {
    "stature_mm": "US adults, NHANES 2015-2018, Fryar 2021 (recalled); SD ours.",
    "head_radius_mm": f"24.1 +- 1.7 mm of the bony head in {_LABRUM_MRI}; parted.",
    "head_height_ratio": f"19 / 24 mm in {_IANNOTTI} (read), 17.55 / 23.36 mm in {_CHINA}; SD "
    "ours.",
    "neck_shaft_angle_deg": "Means of 146 women and 413 men in a cadaveric CT database of humeral "
    f"retroversion (read); SD of {_CHINA}.",
    "retroversion_deg": f"26 +- 11, from -2 to 60, in {_MATSUMURA}; more in men, by an amount the "
    "abstract does not give.",
    "head_medial_offset_mm": f"7 +- 2 mm in {_ROBERTSON}; 7.3 +- 2.5 mm in {_CHINA}.",
    "head_posterior_offset_mm": f"2 mm in {_ROBERTSON}, 2.6 mm in {_BOILEAU}, 0.1 +- 1.7 mm in "
    f"{_CHINA}; mean ours.",
    "tuberosity_drop_mm": f"8 +- 3.2 mm in {_IANNOTTI} (recalled); 6.5 +- 1.4 mm in men and 5.9 "
    f"+- 2.0 mm in women on magnified films, {_RADIOGRAPHS}; ours lies between.",
    "groove_depth_mm": "4.24 +- 0.69 mm, Tandel, Eur J Mol Clin Med 2023 (read); parted, since "
    "the groove is shallower in women.",
    "groove_width_mm": "10.15 +- 1.01 mm, Tandel, Eur J Mol Clin Med 2023 (read); parted.",
    "shaft_radius_mm": "Our estimate for the level of the deltoid tuberosity's upper end.",
    "shaft_cortex_mm": "Tingart, J Bone Joint Surg Br 2003, both walls together 4.4 +- 1.0 mm in "
    "old donors (recalled); up to 3.5 mm, Majed 2019 (read); ours is set for all ages.",
    "surgical_neck_share": "Our estimate: how far the radius has come from the shaft's to the "
    "head's.",
    "scapula_height_mm": f"155 +- 16 mm in {_SCHROEDER}; men 151 +- 11 mm in {_COSTA}; ours "
    "between these, with the sexes apart as in the forensic literature.",
    "scapula_width_mm": f"Men 102 +- 6.5 mm in {_COSTA}; women and rounding ours.",
    "glenoid_height_mm": f"{_GLENOID_CT}: 34.8 and 39.5 mm, 38.8 and 41.1 mm; 33.7 and 36.9 mm, "
    f"{_DU_PLESSIS}, and 32.6 and 37.5 mm, {_CHURCHILL}, lie below; SD ours.",
    "glenoid_width_mm": f"{_GLENOID_CT}: 26.2 and 30.3 mm, 26.1 and 31.2 mm, and 0.3 mm "
    f"more, which the rounded rim takes from the width on voxels; 23.2 and 25.3 mm, {_DU_PLESSIS}, "
    f"and 23.6 and 27.8 mm, {_CHURCHILL}, lie below; SD ours.",
    "glenoid_upper_ratio": f"0.80 in {_IANNOTTI} (recalled); 19.5 / 26.0 mm, Chen, Folia Morphol "
    "2023, 10.5603/FM.a2022.0017, 501 scapulae (read); ours between, SD ours.",
    "glenoid_retroversion_deg": f"1 +- 3, from -9 to 13, in {_MATSUMURA}; 1.2 in Churchill 2001 "
    "(read).",
    "glenoid_inclination_deg": f"7.1 +- 4.1 of the bony face in {_LABRUM_MRI}.",
    "glenoid_mismatch_mm": "Bony glenoid 33.4 +- 3.3 mm against bony head 24.1 +- 1.7 mm in the "
    f"coronal plane, {_LABRUM_MRI}; the SD is what independence from the head leaves. Cartilage "
    f"and labrum fill it to 25.0 mm; surface against surface it is 2.3 mm in {_IANNOTTI} (read).",
    "critical_shoulder_angle_deg": "33.1, from 26.8 to 38.6, in 94 healthy shoulders, Moor, Bone "
    "Joint J 2013, 10.1302/0301-620X.95B7.31028 (recalled); the SD is a fifth of the range.",
    "acromion_thickness_mm": f"9 +- 1 mm in {_SCHROEDER}; parted. Thinner in Nicholson, J Shoulder "
    "Elbow Surg 1996 (recalled).",
    "acromion_width_mm": f"22 +- 4 mm in {_SCHROEDER}, 25 +- 3.7 mm in {_THAI}; sexes and SD ours.",
    "acromion_length_mm": f"48 +- 5 mm in {_SCHROEDER}; parted.",
    "subacromial_gap_mm": "What the tendon leaves of the acromiohumeral distance, which is 8.1 "
    "+- 1.2 mm in 83 volunteers, 52 of them women, lying, in the coronal projection, J Orthop Surg "
    "Res 2020, 10.1186/s13018-020-01935-9 (read); parted. The shortest distance in space is 6.6 "
    "+- 1.2 mm there.",
    "coracoid_length_mm": f"40.4 +- 4.1 mm in {_THAI}; parted.",
    "coracoid_thickness_mm": f"11 +- 1 mm in {_SCHROEDER}, 13.6 and 10.5 mm in {_DU_PLESSIS}, "
    f"11.5 +- 1.6 mm in {_KIM_CLAVICLE}; ours between.",
    "coracoid_width_mm": f"{_DU_PLESSIS}, 16.5 +- 1.4 mm in men and 14.7 +- 1.4 mm in women.",
    "spine_height_mm": "Our estimate between 18 +- 3 mm, 4 cm from the medial edge, and 46 +- 6 "
    f"mm at the spinoglenoid notch, {_SCHROEDER}.",
    "blade_thickness_mm": f"Our estimate; the medial border is 4 +- 1 mm in {_SCHROEDER} and 1.2 "
    f"+- 0.8 mm in {_THAI}.",
    "lateral_border_thickness_mm": f"8.2 +- 2.0 mm in {_THAI}; sexes and SD ours.",
    "subchondral_cortex_mm": "Our estimate.",
    "clavicle_radius_mm": f"Half of 12.0 +- 1.8 mm, 1 cm from the end, in {_KIM_CLAVICLE}; parted.",
    "clavicle_width_mm": f"22.1 +- 3.7 mm, 1 cm from the end, in {_KIM_CLAVICLE}; parted.",
    "humeral_cartilage_mm": "Yeh, J Shoulder Elbow Surg 1998 (recalled) has less, the thickest "
    f"spot has 2.2 +- 0.5 mm in {_CARTILAGE}; ours between.",
    "glenoid_cartilage_mm": "Our estimate for the bare spot, which thins (Pittsburgh, J Shoulder "
    f"Elbow Surg 1998;7:381, read); the lower rim has 3.5 +- 0.9 mm in {_CARTILAGE}.",
    "joint_fluid_mm": "Our estimate of a film that is seen as a line.",
    "labrum_height_mm": "Our estimate; cartilage and labrum deepen the socket by 3.1 mm in "
    f"{_LABRUM_MRI}, and it is taller in men, Alashkham, Eur J Anat 2019 (read).",
    "labrum_width_mm": "Our estimate; attached up to 4 mm inside the rim (read) and thicker in "
    "men, Alashkham, Eur J Anat 2019 (read).",
    "supraspinatus_tendon_mm": f"Women 4.9 mm, men 5.6 mm in {_KARTHIKEYAN}; SD ours.",
    "biceps_tendon_radius_mm": "Our estimate; thicker in men.",
    "deltoid_thickness_mm": "Our estimate; skin to bone less skin to fascia is 16 mm in the old, "
    "Nakayama, Healthcare 2022 (read); 17.6 and 19.2 mm, Umar 2024 (read).",
    "supraspinatus_height_mm": "Our estimate; 17.3 +- 2.1 mm thick under the probe, Ann Rehabil "
    "Med 2012, 10.5535/arm.2012.36.4.488 (read).",
    "supraspinatus_depth_mm": "Our estimate; with the height it gives an area of 450 mm2 in women "
    "and 620 mm2 in men.",
    "subcutaneous_fat_mm": "Our estimate; skin to deltoid is 11.7 mm in women and 8.3 mm in men, "
    "Poland, JAMA 1997 (read), and more in Sebro, Sci Rep 2022, "
    "10.1038/s41598-022-05020-5 (read).",
    "skin_mm": "2.02 mm over the deltoid, Laurent, Vaccine 2007 (read), 2.12 mm and thicker in "
    "men in a later study in Antwerp (read); sexes and SD ours.",
    "humeral_rotation_deg": f"{_POSTURE} Coils hold the arm neutral to slightly outwards.",
    "abduction_deg": _POSTURE,
    "flexion_deg": _POSTURE,
    "scapular_protraction_deg": "44.5, from 21 to 77, in 104 supine CT scans, BMC Musculoskelet "
    "Disord 2016, 10.1186/s12891-016-1381-4 (read); SD ours.",
    "scapular_tilt_deg": _POSTURE,
    "scapular_rotation_deg": _POSTURE,
}
