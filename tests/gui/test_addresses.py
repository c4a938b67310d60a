"""Paths survive the conversion to URLs and back, whatever bytes they contain."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QUrl

from fi_desktop.gui.widgets import path_from_url, url_from_path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there may a name be no text")

names = st.binary(min_size=1, max_size=40).filter(
    lambda name: not set(b"/\0") & set(name) and name not in (b".", b"..")
)


@settings(deadline=None)
@given(names)
def test_path_round_trips_through_its_url(name):
    path = Path(os.fsdecode(b"/r/" + name))
    assert path_from_url(url_from_path(path)) == path
    assert path_from_url(QUrl(url_from_path(path).toString())) == path or not name.isascii()


@pytest.mark.parametrize(
    "address",
    ["https://example.org/a.wav", "file://server/a.wav", "smb://server/a.wav", "", "file:", "file:///a%00b"],
)
def test_other_urls_are_not_paths(address):
    assert path_from_url(QUrl(address)) is None
