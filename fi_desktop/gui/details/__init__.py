"""The details panel, next to the job table."""
