"""DICOM images: which files make which volume, and whether it can be used."""
