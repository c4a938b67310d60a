"""Dates in the names that recorders, phones and programs give, and in metadata."""

import time
from datetime import datetime

import pytest

from fi_desktop.core.recorded_dates import date_in_metadata, date_in_name

NOW = datetime.fromisoformat("2026-11-30T12:00:00")
AT = "2026-11-29T10:30:00"


@pytest.fixture
def mexico(monkeypatch):
    """This computer is six hours behind UTC."""
    monkeypatch.setenv("TZ", "America/Mexico_City")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("stem", "at"),
    [
        ("2026-11-29 10.30.00", AT),  # iOS, macOS
        ("20261129_103000", AT),  # Android
        ("20261129103000", AT),
        ("20261129 103000", AT),
        ("2026-11-29T10:30:00", AT),
        ("2026_11_29_10_30_00", AT),
        ("2026-11-29 10-30-00", AT),  # OBS
        ("Recording_2026.11.29_10h30m00", AT),
        ("WhatsApp Audio 2026-11-29 at 10.30.00", AT),
        ("WhatsApp Audio 2026-11-29 at 10.30.00 (1)", AT),
        ("WhatsApp Ptt 2026-11-29 at 10.30.00 PM", "2026-11-29T22:30:00"),
        ("WhatsApp Audio 2026-11-29 at 12.05.00 AM", "2026-11-29T00:05:00"),
        ("Grabación de pantalla 2026-11-29 a la(s) 10.30.00 a.m.", AT),
        ("WhatsApp Audio 2026-11-29 a las 10.30.00 p. m.", "2026-11-29T22:30:00"),
        ("VID-20261129-WA0003", "2026-11-29"),
        ("PTT-20261129-WA0012", "2026-11-29"),
        ("Meeting-20261129_103000-Meeting Recording", AT),  # Teams
        ("Voz 261129_103000", AT),  # Samsung
        ("Voice 261129_103000", AT),
        ("250312_0012", "2025-03-12"),  # Olympus, Sony: a date and a counter or a time
        ("DM_250312_0012", "2025-03-12"),
        ("2026-11-29_0012", "2026-11-29"),
        ("Grabación 12 2026-11-29", "2026-11-29"),
        ("29-11-2026 10.30", AT),
        ("García 29.11.2026", "2026-11-29"),
        ("11-29-2026", "2026-11-29"),
        ("García López, María José – 2026-11-28", "2026-11-28"),
    ],
)
def test_date_in_a_usual_name(stem, at):
    assert date_in_name(stem, NOW) == at


def test_names_in_utc_have_the_local_date(mexico):
    assert date_in_name("GMT20261129-163000_Recording_640x360", NOW) == AT  # Zoom
    assert date_in_name("PXL_20261129_023000123", NOW) == "2026-11-28T20:30:00"  # Pixel


@pytest.mark.parametrize(
    "stem",
    [
        "REC0001",
        "REC0001 2",
        "Grabación 12",
        "Nueva grabación",
        "DS_0001",
        "ZOOM0001",
        "STE-003",
        "Voice 001",
        "paciente 5551234567",
        "expediente 123456",
        "03-04-2026",  # March or April
        "20261329",  # no month
        "20260230_101010",  # no day
        "",
    ],
)
def test_numbers_that_are_no_date(stem):
    assert date_in_name(stem, NOW) == ""


@pytest.mark.parametrize(
    "stem",
    [
        "19700101_000012",
        "700101_0001",
        "19040101_000000",
        "20000101_000012",
        "100101_0001",
        "20361129_103000",
    ],
)
def test_wrong_clock_is_not_believed_in_a_name(stem):
    assert date_in_name(stem, NOW) == ""


@pytest.mark.parametrize(
    ("tags", "at"),
    [
        ({"creation_time": "2026-11-29T16:30:00.000000Z"}, AT),
        ({"date": "2026-11-29", "creation_time": "10:30:00"}, AT),  # broadcast WAV
        ({"date": "2026-11-29", "creation_time": "10-30-00"}, AT),
        ({"DATE": "2026-11-29T10:30"}, AT),
        ({"date": "2026-11-29"}, "2026-11-29"),
        ({"date": "2026:11:29 10:30:00"}, AT),
        (
            {
                "creation_time": "2026-11-29T17:00:00Z",
                "com.apple.quicktime.creationdate": "2026-11-29T10:30:00-0600",
            },
            AT,
        ),
        ({"creation_time": "1904-01-01T00:00:00Z", "date": "2026-11-29"}, "2026-11-29"),
        ({"date": "2026"}, ""),
        ({"date": "2026-11"}, ""),
        ({"creation_time": "1904-01-01T00:00:00Z"}, ""),
        ({"creation_time": "1970-01-01T00:00:00Z"}, ""),
        ({"creation_time": "2036-02-07T06:28:16Z"}, ""),
        ({"date": "2026-01-01", "creation_time": "00:03:12"}, ""),  # just switched on
        ({"creation_time": "no time", "date": "someday"}, ""),
        ({}, ""),
    ],
)
def test_date_in_metadata(mexico, tags, at):
    assert date_in_metadata(tags, NOW) == at
