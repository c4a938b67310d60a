"""What the computer gives: files, the data folder, clock, log, updates."""
