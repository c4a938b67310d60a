"""What only real weights can show; `make real` runs it. Skipped where the weights were not fetched."""
