"""Models in the form in which plain nnU-Net keeps them: written for it, and read from it."""
