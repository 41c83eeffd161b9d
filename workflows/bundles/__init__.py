"""Bundles of models: reading, verifying, storing, fetching."""
