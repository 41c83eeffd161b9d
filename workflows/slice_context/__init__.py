"""What corrects the U-Nets from slice to slice: how a bundle learns it."""
