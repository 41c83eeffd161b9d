"""Scores of predicted label maps against reference ones."""
