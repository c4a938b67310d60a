"""Verifies the audit trail: each entry that was cut, changed, swapped or left out is found and named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fi_desktop.audit.acts import ActKind
from fi_desktop.audit.chain import FIRST_MAC, BrokenLine, Entry, digest_of, forward
from fi_desktop.audit.keys import RootKeys, TrailState
from fi_desktop.audit.shortening import TrailStart
from fi_desktop.audit.trail_store import Line, TrailStore
from fi_desktop.core import messages
from fi_desktop.core.messages import Note

_LONGEST_GAP = 1_000_000  # keys are moved forward over a gap; a number beyond is a forged one


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes:
        entries: those that can be read, in the order of the files.
        findings: one sentence each; none if the trail is as it was written.
        first_key: public key of the first checkpoint: with a copy of it kept elsewhere, a trail that was
            replaced as a whole is found too.
    """

    entries: Sequence[Entry]
    findings: Sequence[Note]
    first_key: str = ""


def verify_trail(store: TrailStore) -> Verification:
    """Verify the trail in a folder.

    Raises:
        OSError: it cannot be read.
        ValueError: its keys are damaged.
    """
    lines, state, roots = store.snapshot()
    walk = _Walk(roots)
    findings = [*walk.along(lines), *walk.end(state)]
    return Verification(walk.entries, findings, walk.first_key)


class _Walk:
    """Goes along the lines with the keys of the chain.

    After a gap, the key of the next checkpoint and the digest are unknown ("") until that checkpoint.
    """

    def __init__(self, roots: RootKeys) -> None:
        self._roots = roots
        self.entries: list[Entry] = []
        self.first_key = ""
        self._number = 0
        self._mac: str | None = FIRST_MAC
        self._digest = FIRST_MAC
        self._public_key = ""
        self._chain_key = roots.chains.get(0)  # None: lost, so that only signatures can be verified
        self._unsigned = 0  # lines since the last checkpoint

    def along(self, lines: Sequence[Line]) -> Iterator[Note]:
        for line in lines:
            try:
                self.entries.append(Entry.of(line.content))
            except BrokenLine:
                yield messages.AUDIT_NOT_AN_ENTRY(line=line.position, file=line.file)
        if (start := TrailStart.of(self.entries)) is not None:
            self._start(start)
        numbers = [entry.number for entry in self.entries]
        for entry, next_number in zip(self.entries, [*numbers[1:], 0], strict=False):
            yield from self._step(entry, next_number)

    def end(self, state: TrailState | None) -> Iterator[Note]:
        """Check that the trail ends where it was left."""
        if state is None:
            if self.entries or self._roots.chains:
                yield messages.AUDIT_STATE_LOST()
            return
        chain = state.chain
        if chain.number > self._number:
            yield _missing(self._number + 1, chain.number)
        elif (chain.number, chain.mac, chain.public_key) != (self._number, self._mac, self._public_key):
            yield messages.AUDIT_END_DIFFERS()
        if self._unsigned:
            yield messages.AUDIT_UNSIGNED(number=self._unsigned)

    def _start(self, start: TrailStart) -> None:
        """Begin where the deleted part ends; what is left of that part belongs to it."""
        self._number, self._mac, self._digest = start.first - 1, start.mac, start.digest
        self._public_key, self.first_key = start.key, start.began
        self._chain_key = self._roots.chains.get(start.first - 1)
        while self.entries and self.entries[0].number < start.first:
            self.entries.pop(0)

    def _step(self, entry: Entry, next_number: int) -> Iterator[Note]:
        expected = self._number + 1
        kind = entry.fields.get("kind")
        if kind == ActKind.TRAIL_BEGAN and self._begins(entry):
            yield from self._begin(entry)
        elif entry.number == expected or next_number == expected + 1:
            key, mac = self._chain_key, self._mac
            right = key is None or mac is None or entry.has_mac(key, mac)
            if entry.number != expected or not right:
                yield messages.AUDIT_CHANGED(number=expected)
            self._advance(expected, entry)
        elif entry.number > expected:
            yield _missing(expected, entry.number - 1)
            self._skip(entry.number - expected)
            self._advance(entry.number, entry)
        else:
            yield messages.AUDIT_OUT_OF_ORDER(number=entry.number, after=self._number)
            self._digest = ""
            return
        if kind == ActKind.CHECKPOINT:
            yield from self._checkpoint(entry)
        elif kind == ActKind.TRAIL_DAMAGED:
            yield messages.AUDIT_DAMAGED_BEFORE(number=entry.number)
        if self._digest:
            self._digest = digest_of(self._digest, entry.line)

    def _begins(self, entry: Entry) -> bool:
        """Whether a chain begins here: it has its first key, or it is the first line."""
        key = self._roots.chains.get(entry.number - 1)
        fits = key is not None and entry.number > self._number and entry.has_mac(key, FIRST_MAC)
        return entry is self.entries[0] or fits

    def _begin(self, entry: Entry) -> Iterator[Note]:
        detail = entry.fields.get("detail") or {}
        if entry.number > self._number + 1:
            yield _missing(self._number + 1, entry.number - 1)
        if entry.number != 1 or detail.get("reason") != "new":
            yield messages.AUDIT_BEGAN_AGAIN(number=entry.number)
        self._chain_key = self._roots.chains.get(entry.number - 1)
        self._digest = FIRST_MAC
        if self._chain_key is None:
            yield messages.AUDIT_KEY_LOST(number=entry.number)
        elif not entry.has_mac(self._chain_key, FIRST_MAC):
            yield messages.AUDIT_CHANGED(number=entry.number)
        self._public_key = str(detail.get("key", ""))
        self.first_key = self.first_key or self._public_key
        self._advance(entry.number, entry)

    def _checkpoint(self, entry: Entry) -> Iterator[Note]:
        digest = str(entry.fields.get("digest", ""))
        if self._public_key and not entry.is_signed(self._public_key, digest):
            yield messages.AUDIT_BAD_SIGNATURE(number=entry.number)
        elif self._digest and digest != self._digest:
            yield messages.AUDIT_NOT_WHAT_WAS_SIGNED(number=entry.number)
        self._digest, self._public_key = digest, str(entry.fields.get("next", ""))
        self._unsigned = 0

    def _skip(self, count: int) -> None:
        """Go on behind a gap."""
        for _ in range(count if count <= _LONGEST_GAP else 0):
            self._chain_key = None if self._chain_key is None else forward(self._chain_key)
        if count > _LONGEST_GAP:
            self._chain_key = None
        self._mac, self._digest, self._public_key = None, "", ""

    def _advance(self, number: int, entry: Entry) -> None:
        self._number, self._mac = number, entry.mac
        self._chain_key = None if self._chain_key is None else forward(self._chain_key)
        self._unsigned += 1


def _missing(first: int, last: int) -> Note:
    if first == last:
        return messages.AUDIT_MISSING_ONE(number=first)
    return messages.AUDIT_MISSING(first=first, last=last)
