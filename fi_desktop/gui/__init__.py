"""The window: Qt, one widget a file, and no rules. It reads models and calls `JobService`, nothing else."""
