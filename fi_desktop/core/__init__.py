"""The rules, on the standard library alone: no clock, no files, no threads."""
