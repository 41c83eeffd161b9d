"""The `convert` commands."""
