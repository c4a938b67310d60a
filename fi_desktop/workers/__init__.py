"""Where a job runs: one contract, kept by every backend."""
