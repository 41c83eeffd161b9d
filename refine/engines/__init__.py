"""Ways to evaluate the edge refiner at chosen pixels, all with the same result."""
