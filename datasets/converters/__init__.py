"""Converters of datasets in other people's layouts into nnU-Net's."""
