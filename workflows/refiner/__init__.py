"""Training of the edge refiner."""
