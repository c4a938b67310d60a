"""Results as files: chosen, written, and dragged out of the window."""
