"""Several series of one shoulder: their bones aligned, fused, and voting in each series."""
