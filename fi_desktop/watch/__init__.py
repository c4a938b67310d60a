"""Recordings that are queued by themselves: watched folders, and the profiles they are processed with."""
