"""What a path holds: images, DICOM series, zip archives."""
