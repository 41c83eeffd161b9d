"""Planning and training of the U-Nets with nnU-Net's own commands."""
