"""The window, in Qt. Widgets hold no rules: they show models and call `JobService`."""

from fi_desktop.gui.overrides import guard_overrides

guard_overrides()
