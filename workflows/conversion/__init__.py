"""Conversion of other people's folders into nnU-Net datasets."""
