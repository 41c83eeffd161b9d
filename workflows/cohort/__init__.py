"""Runs over many cases: what is done already, and by whom."""
