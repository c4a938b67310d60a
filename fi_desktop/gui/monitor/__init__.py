"""The monitor: workers, queue and targets."""
