"""Commands run as processes."""
