"""The settings dialog: every setting, what it means, and a way back to its default."""
