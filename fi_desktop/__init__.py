"""fi-desktop: who spoke when, and what was said, on the clinician's own computer."""

__version__ = "0.1.0"
