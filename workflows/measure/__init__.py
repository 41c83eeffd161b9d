"""Measures of bones in files, and in the results of `predict`."""
