"""Several series of one shoulder that vote together."""
