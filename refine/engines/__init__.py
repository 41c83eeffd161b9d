"""Ways to evaluate the patch classifier at chosen pixels, all with the same result."""
