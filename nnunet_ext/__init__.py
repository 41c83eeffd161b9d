"""Everything that knows nnU-Net: trainers, plans, checkpoints, bundles and inference."""
