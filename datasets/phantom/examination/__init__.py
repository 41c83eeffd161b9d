"""Examinations: several scans of one person who moves between them."""
