from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models import packs
from tests.models.hub_server import FakeHub, serving


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with small packs; the pyannote ones are gated, as on the real hub."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    gated = {name for name in packs.on_the_hub() if name.startswith("pyannote/") and "wespeaker" not in name}
    with serving(FakeHub(packs.on_the_hub(), gated=gated)) as hub:
        yield hub
