"""Run `fi-desktop` as a version that pins the packs of the tests' hub: `python -m tests.models.pinned …`."""

from __future__ import annotations

import sys

from fi_desktop.__main__ import main
from fi_desktop.models.pins import PINS
from tests.models.hub_server import FakeHub
from tests.models.packs import on_the_hub

if __name__ == "__main__":
    hub = FakeHub(on_the_hub())
    PINS.update((repo, hub.pin(repo)) for repo in hub.repos)
    sys.exit(main())
