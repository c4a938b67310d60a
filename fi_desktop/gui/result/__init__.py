"""A job's own window: who spoke when, and what was said."""
