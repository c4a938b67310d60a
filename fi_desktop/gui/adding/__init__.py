"""Adding recordings: drop, paste, file dialog, watched folders."""
