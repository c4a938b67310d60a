"""Tests with real weights, run by `make real`; skipped if the weights are not downloaded."""
