"""The lock: a plain cover over all windows, and the PIN that takes it away."""
