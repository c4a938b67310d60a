"""Settings that are changed while the program runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.core.errors import UserError
from fi_desktop.settings import load
from fi_desktop.system.devices import default_workers
from fi_desktop.workers.queue_thread import Limits


def test_changed_settings_are_written_and_used_at_once(tmp_path: Path):
    environment = {"FI_DESKTOP_HOME": str(tmp_path)}
    app = App(load(environment))
    app.change_settings({"workers": 5, "soft_limit_s": 20, "hard_limit_s": 30})
    assert app.settings == load(environment)
    assert app._backend._wanted == 5
    assert app._backend._wanted_limits == Limits(20.0, 30.0, 3.0)
    app.change_settings({"workers": 0})
    assert app._backend._wanted == default_workers()


def test_what_the_environment_gave_is_not_changed(tmp_path: Path):
    app = App(load({"FI_DESKTOP_HOME": str(tmp_path), "FI_DESKTOP_WORKERS": "1"}))
    with pytest.raises(UserError, match="workers"):
        app.change_settings({"workers": 5})
    assert not (tmp_path / "settings.toml").exists()
