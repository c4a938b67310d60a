"""The models dialog: which models there are, and how others come."""
