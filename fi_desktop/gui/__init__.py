"""The window, in Qt. Widgets hold no rules: they show models and call `JobService`."""
