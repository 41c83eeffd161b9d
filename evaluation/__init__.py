"""Scores of a segmentation against a reference, from plain arrays."""
