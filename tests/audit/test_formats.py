"""Exports of the trail: CSV and JSON lines read back whole, and ATNA messages have the standard's form."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import Entry
from fi_desktop.audit.formats import _EVENTS, as_atna, as_csv, as_json_lines, of_people
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail

WHO = {"user": 'doctora "Ñ" <x>', "uid": 1000, "host": "consultorio", "process": 7, "program": "window"}


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    store = TrailStore(tmp_path_factory.mktemp("audit"))
    acts = [
        Act(kind, number, "ab" * 16, "cd" * 32, "ef" * 32, {"format": "txt"})
        for number, kind in enumerate(ActKind)
        if kind is not ActKind.CHECKPOINT
    ]
    store.append([(1.7e9, act) for act in acts], WHO)
    return list(verify_trail(store).entries)


def test_csv_has_a_row_for_each_entry(entries: list[Entry]):
    rows = list(csv.DictReader(io.StringIO(as_csv(entries).decode(), newline="")))
    assert [int(row["n"]) for row in rows] == [entry.number for entry in entries]
    row = rows[1]
    assert (row["kind"], row["user"], row["job"]) == ("added", WHO["user"], "0")
    assert json.loads(row["detail"]) == {"format": "txt"}


def test_json_lines_can_be_verified_again(entries: list[Entry], tmp_path: Path):
    lines = as_json_lines(entries)
    assert [Entry.of(line).number for line in lines.splitlines(keepends=True)] == [e.number for e in entries]


def test_only_the_trails_own_entries_are_left_out(entries: list[Entry]):
    kinds = {entry.fields["kind"] for entry in entries} - {
        entry.fields["kind"] for entry in of_people(entries)
    }
    assert kinds == {"trail began", "trail damaged", "checkpoint"}


def test_every_kind_is_an_atna_event():
    assert set(_EVENTS) == set(ActKind)


def test_atna_messages_have_the_parts_of_the_standard_in_order(entries: list[Entry]):
    """Parts, order and values as DICOM PS3.15 A.5.1 has them."""
    messages = ElementTree.fromstring(as_atna(entries))
    assert len(messages) == len(entries)
    for message, entry in zip(messages, entries, strict=True):
        assert message.tag == "AuditMessage"
        tags = [part.tag for part in message]
        whole = ["EventIdentification", "ActiveParticipant", "AuditSourceIdentification"]
        assert tags[:3] == whole
        assert set(tags[3:]) <= {"ParticipantObjectIdentification"}
        event, person, source = message[0], message[1], message[2]
        assert event.get("EventActionCode") in set("CRUDE")
        assert event.get("EventOutcomeIndicator") in {"0", "4", "8", "12"}
        assert event.get("EventDateTime") == entry.fields["at"]
        assert [part.tag for part in event] == ["EventID", "EventTypeCode"]
        for coded in event:
            assert set(coded.attrib) == {"csd-code", "codeSystemName", "originalText"}
        assert event[0].get("codeSystemName") == "DCM"
        assert person.get("UserID") == WHO["user"]
        assert person.get("UserIsRequestor") == "true"
        assert source.get("AuditSourceID") == "fi-desktop@consultorio"


def test_atna_objects_name_the_job_by_its_number(entries: list[Entry]):
    messages = ElementTree.fromstring(as_atna(entries))
    exported = next(
        m for m in messages if m.find("EventIdentification/EventTypeCode").get("csd-code") == "EXPORTED"
    )
    about = exported.find("ParticipantObjectIdentification")
    entry = next(entry for entry in entries if entry.fields["kind"] == "exported")
    assert about.get("ParticipantObjectID") == str(entry.fields["job"])
    tags = [part.tag for part in about]
    assert tags[:2] == ["ParticipantObjectIDTypeCode", "ParticipantObjectName"]
    assert set(tags[2:]) == {"ParticipantObjectDetail"}
    details = {part.get("type"): base64.b64decode(part.get("value")).decode() for part in about[2:]}
    assert details["format"] == "txt"
    assert details["recording"] == "cd" * 32
    assert exported.find("EventIdentification/EventID").get("csd-code") == "110106"
