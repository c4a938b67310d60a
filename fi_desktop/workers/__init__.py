"""Running jobs: the queue thread, the worker pool, and the worker processes."""
