"""A case on its way to the networks and back, as nnU-Net does it, without importing nnU-Net."""
