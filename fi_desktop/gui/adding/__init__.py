"""Adding recordings: drop, paste, file dialog, watched folders, and their options and profiles."""
