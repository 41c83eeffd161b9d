"""Results on disk, in every format."""
