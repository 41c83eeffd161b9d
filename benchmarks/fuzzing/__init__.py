"""Damaged images and what may become of them."""
