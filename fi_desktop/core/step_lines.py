"""The steps of a review as lines of JSON, as they are stored and sent."""

from __future__ import annotations

import json
from typing import Any

from fi_desktop.core.codec import edit_from_json, edit_to_json
from fi_desktop.core.review import Review, Step, StepKind
from fi_desktop.core.transcript import Transcript


def step_to_json(step: Step) -> dict[str, Any]:
    """Return JSON values."""
    data: dict[str, Any] = {"kind": step.kind.value, "at": step.at, "by": step.by}
    if step.edits:
        data["edits"] = [edit_to_json(edit) for edit in step.edits]
    return data | ({"sha256": step.sha256} if step.sha256 else {})


def step_from_json(data: dict[str, Any]) -> Step:
    """Read what `step_to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: the step is damaged or of a newer program.
    """
    edits = tuple(edit_from_json(edit) for edit in data.get("edits", ()))
    return Step(StepKind(data["kind"]), float(data["at"]), data["by"], edits, data.get("sha256", ""))


def line_of(step: Step) -> bytes:
    """Return a step as a line."""
    # ASCII, as no escaped text can hold a line's end
    return json.dumps(step_to_json(step), separators=(",", ":")).encode("ascii") + b"\n"


def steps_of(data: bytes) -> list[Step]:
    """Return the steps in lines; one that a crash cut off was never acknowledged, and is dropped.

    Raises:
        KeyError, ValueError, TypeError: a step is damaged or of a newer program.
    """
    lines = (line for line in data.splitlines(keepends=True) if line.endswith(b"\n"))
    return [step_from_json(json.loads(line)) for line in lines]


def corrected(machine: Transcript, data: bytes) -> Transcript:
    """Return a transcript with the corrections in lines.

    Raises:
        BadStep, BadEdit, KeyError, ValueError, TypeError: they do not fit, or are damaged.
    """
    return Review(machine, steps_of(data)).transcript
