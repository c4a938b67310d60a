"""EAF: tiers for ELAN, one per speaker (EAF 3.0, https://www.mpi.nl/tools/elan/EAFv3.0.xsd)."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import document_of, written
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded, single_line
from fi_desktop.exporters.tiers import tiers_of

_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_TYPE = "default-lt"
_MOMENT = "%Y-%m-%dT%H:%M:%S+00:00"


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the document; it expects the recording in its own folder."""
    content = document_of(transcript, options)
    root = Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "fi-desktop",
            "DATE": content.made_at.strftime(_MOMENT),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": _SCHEMA,
            "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
        },
    )
    header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    source = PurePath(written(single_line(transcript.provenance.source_name))).name
    if source:
        url = f"./{quote(source)}"
        media = {"MEDIA_URL": url, "RELATIVE_MEDIA_URL": url, "MIME_TYPE": "unknown"}
        SubElement(header, "MEDIA_DESCRIPTOR", media)
    SubElement(header, "PROPERTY", {"NAME": "state"}).text = content.status
    _add_tiers(root, transcript, options)
    SubElement(root, "LINGUISTIC_TYPE", {"LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true"})
    indent(root)
    return encoded(f"{_DECLARATION}\n{tostring(root, encoding='unicode')}\n")


def _add_tiers(root: Element, transcript: Transcript, options: ExportOptions) -> None:
    order = SubElement(root, "TIME_ORDER")
    slots = annotations = 0
    for one in tiers_of(transcript, options):
        about = {"LINGUISTIC_TYPE_REF": _TYPE, "PARTICIPANT": one.name, "TIER_ID": one.name}
        tier = SubElement(root, "TIER", about)
        for turn in one.turns:
            refs = {}
            for end, ms in (("TIME_SLOT_REF1", turn.start_ms), ("TIME_SLOT_REF2", turn.end_ms)):
                slots += 1
                refs[end] = f"ts{slots}"
                SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": refs[end], "TIME_VALUE": str(ms)})
            annotations += 1
            annotation = SubElement(tier, "ANNOTATION")
            aligned = SubElement(
                annotation, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": f"a{annotations}", **refs}
            )
            SubElement(aligned, "ANNOTATION_VALUE").text = turn.text


EXPORTER = Exporter("eaf", "ELAN", "eaf", "text/x-eaf+xml", render)
