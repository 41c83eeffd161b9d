"""Endless training images, made at each step from the partial volumes of digital shoulders."""
