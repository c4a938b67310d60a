"""The monitor: now, failures, history, machines, audit trail."""
