"""The shoulder as signed distance functions."""
