"""The computer: files, the data folder, devices, processes, the clock, the log and updates."""
