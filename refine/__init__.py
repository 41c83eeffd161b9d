"""Vote fusion and boundary refinement on plain arrays and tensors; research use only."""
