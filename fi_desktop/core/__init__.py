"""The rules, in the standard library alone: no clock, no file and no thread of their own."""
