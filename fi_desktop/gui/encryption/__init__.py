"""Encryption at rest in the window: unlocking it, choosing what unlocks it, and recovery keys."""
