"""Calibration of the predicted Dice."""
