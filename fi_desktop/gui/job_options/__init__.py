"""Options for the next recordings: toolbar, menu, vocabulary and profiles."""
