"""The report page: pictures, numbers and verdicts of a run's cases, without a server."""
