"""The audit trail for other programs: CSV, JSON lines, and ATNA audit messages in XML.

ATNA: the audit message of DICOM PS3.15 A.5, which came from RFC 3881 and is what IHE's Audit Trail and Node
Authentication profile sends.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from fi_desktop.audit.acts import OF_THE_TRAIL, ActKind
from fi_desktop.audit.chain import Entry

COLUMNS = (
    "n", "at", "kind", "user", "uid", "session", "host", "process", "program", "version", "job", "name",
    "recording", "result", "detail",
)  # fmt: skip

# event identifiers of DICOM (DCM), see PS3.16 CID 400; action: create, read, update, delete, execute
_DICOM = {
    "start": ("110100", "Application Activity"),
    "log used": ("110101", "Audit Log Used"),
    "access": ("110103", "DICOM Instances Accessed"),
    "export": ("110106", "Export"),
    "import": ("110107", "Import"),
    "deleted": ("110110", "Patient Record"),
    "query": ("110112", "Query"),
    "security": ("110113", "Security Alert"),
    "login": ("110114", "User Authentication"),
}
_EVENTS: dict[ActKind, tuple[str, str]] = {
    ActKind.ADDED: ("import", "C"),
    ActKind.SENT: ("export", "R"),
    ActKind.COMPLETED: ("access", "C"),
    ActKind.FAILED: ("access", "E"),
    ActKind.CANCELLED: ("access", "E"),
    ActKind.PROCESSED_AGAIN: ("access", "E"),
    ActKind.VERSION_CHOSEN: ("access", "U"),
    ActKind.RELOCATED: ("access", "U"),
    ActKind.LABELLED: ("access", "U"),
    ActKind.QUEUE_FOUND: ("access", "R"),
    ActKind.LISTED: ("query", "E"),
    ActKind.SEARCHED: ("query", "E"),
    ActKind.OPENED: ("access", "R"),
    ActKind.PLAYED: ("access", "R"),
    ActKind.COPIED: ("export", "R"),
    ActKind.EXPORTED: ("export", "R"),
    ActKind.PRINTED: ("export", "R"),
    ActKind.EDITED: ("access", "U"),
    ActKind.REVIEWED: ("access", "U"),
    ActKind.SIGNED: ("access", "U"),
    ActKind.REMOVED: ("deleted", "D"),
    ActKind.SETTINGS_CHANGED: ("security", "U"),
    ActKind.RETENTION_CHANGED: ("security", "U"),
    ActKind.RETENTION_RAN: ("deleted", "D"),
    ActKind.CLOCK_CONFIRMED: ("security", "E"),
    ActKind.HOLD_PLACED: ("access", "U"),
    ActKind.HOLD_RELEASED: ("access", "U"),
    ActKind.RECORDING_TRASHED: ("deleted", "D"),
    ActKind.MODEL_APPROVED: ("security", "E"),
    ActKind.MODEL_REMOVED: ("security", "D"),
    ActKind.LOCKED: ("login", "E"),
    ActKind.UNLOCK_TRIED: ("login", "E"),
    ActKind.PROGRAM_STARTED: ("start", "E"),
    ActKind.PROGRAM_STOPPED: ("start", "E"),
    ActKind.TRAIL_READ: ("log used", "R"),
    ActKind.TRAIL_BEGAN: ("security", "C"),
    ActKind.TRAIL_DAMAGED: ("security", "E"),
    ActKind.TRAIL_SHORTENED: ("security", "D"),
    ActKind.CHECKPOINT: ("security", "E"),
}
_SERIOUS = {ActKind.TRAIL_DAMAGED: "8", ActKind.FAILED: "4"}  # EventOutcomeIndicator: 0 is success


def as_csv(entries: Iterable[Entry]) -> bytes:
    """Return entries as CSV with a header; `detail` is JSON."""
    output = io.StringIO(newline="")
    table = csv.writer(output)
    table.writerow(COLUMNS)
    for entry in entries:
        table.writerow([_cell(entry.fields.get(column)) for column in COLUMNS])
    return output.getvalue().encode()


def as_json_lines(entries: Iterable[Entry]) -> bytes:
    """Return entries as they are stored, with their MACs and signatures."""
    return b"".join(entry.line for entry in entries)


def as_atna(entries: Iterable[Entry]) -> bytes:
    """Return entries as ATNA audit messages in one XML document."""
    messages = b"\n".join(atna_message(entry.fields) for entry in entries)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<AuditMessages>\n' + messages + b"\n</AuditMessages>\n"


def atna_message(fields: Mapping[str, Any]) -> bytes:
    """Return one ATNA audit message, as XML without a declaration."""
    kind = ActKind(fields["kind"])
    event, action = _EVENTS[kind]
    code, text = _DICOM[event]
    detail = fields.get("detail") or {}
    message = ElementTree.Element("AuditMessage")
    outcome = "4" if detail.get("outcome") == "refused" else _SERIOUS.get(kind, "0")
    identification = ElementTree.SubElement(
        message,
        "EventIdentification",
        EventActionCode=action,
        EventDateTime=str(fields["at"]),
        EventOutcomeIndicator=outcome,
    )
    _coded(identification, "EventID", code, "DCM", text)
    _coded(identification, "EventTypeCode", kind.name, "fi-desktop", kind.value)
    ElementTree.SubElement(
        message,
        "ActiveParticipant",
        UserID=str(fields.get("user", "")),
        AlternativeUserID=str(fields.get("uid", "")),
        UserIsRequestor="true",
        NetworkAccessPointID=str(fields.get("host", "")),
        NetworkAccessPointTypeCode="1",  # machine name
    )
    source = ElementTree.SubElement(
        message, "AuditSourceIdentification", AuditSourceID=f"fi-desktop@{fields.get('host', '')}"
    )
    ElementTree.SubElement(source, "AuditSourceTypeCode", {"csd-code": "1"})  # end-user device
    job = fields.get("job")
    if job is not None or detail:
        _object(message, fields, str(job if job is not None else kind.value), detail)
    return ElementTree.tostring(message)


def _object(message: ElementTree.Element, fields: Mapping[str, Any], id: str, detail: Any) -> None:
    about = ElementTree.SubElement(
        message,
        "ParticipantObjectIdentification",
        ParticipantObjectID=id,
        ParticipantObjectTypeCode="2",  # system object
        ParticipantObjectTypeCodeRole="3" if fields.get("job") is not None else "20",  # report; data
    )
    what = "job" if fields.get("job") is not None else "program"
    _coded(about, "ParticipantObjectIDTypeCode", what, "fi-desktop", what)
    ElementTree.SubElement(about, "ParticipantObjectName").text = f"{what} {id}"
    values = {"entry": fields.get("n"), "version": fields.get("version"), "session": fields.get("session")}
    values |= {key: fields.get(key) for key in ("program", "process", "name", "recording", "result")}
    for key, value in {**values, **detail}.items():
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            coded = base64.b64encode(text.encode()).decode()
            ElementTree.SubElement(about, "ParticipantObjectDetail", type=key, value=coded)


def _coded(parent: ElementTree.Element, tag: str, code: str, system: str, text: str) -> None:
    attributes = {"csd-code": code, "codeSystemName": system, "originalText": text}
    ElementTree.SubElement(parent, tag, attributes)


def _cell(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def of_people(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that are not the trail's own."""
    return [entry for entry in entries if entry.fields.get("kind") not in OF_THE_TRAIL]


FORMATS: dict[str, Callable[[Iterable[Entry]], bytes]] = {
    "csv": as_csv,
    "jsonl": as_json_lines,
    "atna": as_atna,
}
"""Formats of an export, by name."""
