"""The durable queue: the jobs, their events, their store, and the service that everyone else calls."""
