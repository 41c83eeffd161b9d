"""Predicted scores, without a reference."""
