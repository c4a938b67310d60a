"""What the desktop shows of the program beside its windows: tray, taskbar and notifications."""
