"""Engines: they know audio and models, and nothing of jobs. One file, or one folder, an engine."""
