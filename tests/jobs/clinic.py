"""Jobs with results in a real store, and the thread that writes them to files."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.core.review import Step, StepKind, fingerprint
from fi_desktop.core.transcript import Transcript
from fi_desktop.jobs.automatic_exports import ExportingThread
from fi_desktop.jobs.export_rules import ExportRule, save_rules
from fi_desktop.jobs.queue_events import ExportRulesChanged, ExportsHeld
from fi_desktop.settings import Settings
from fi_desktop.vault.home_files import HomeFiles
from tests.jobs.archive import MADE, VISIT, Archive, transcript

DRAFT = "Draft, not reviewed"


class Clinic(Archive):
    """Jobs with results in a real store, and the thread that writes them to `target`."""

    def __init__(self, home: Path, target: Path) -> None:
        super().__init__(home)
        self.target = target
        target.mkdir()
        self.settings = Settings(
            home, export_when="completed", export_folder=str(target), export_formats=("txt",)
        )
        self.exports: ExportingThread | None = None

    def open_exports(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        self.exports = ExportingThread(
            self.bench.service, self.settings, now=lambda: self.bench.now, look_s=0.02
        )
        self.exports.start()
        self.finish()

    def change(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        assert self.exports is not None
        self.exports.change(self.settings)

    def finish(self) -> None:
        """Run transactions until the thread has written what it can."""
        assert self.exports is not None
        self.exports._hurries = True
        while not self.exports.caught_up.wait(0.002):
            self.transact()

    def wait_until_written(self, *names: str, folder: Path | None = None) -> None:
        deadline = time.monotonic() + 20
        while self.names(folder) != sorted(names):
            assert time.monotonic() < deadline, self.names(folder)
            self.transact()

    def transact(self) -> None:
        with self.bench.service.transaction():
            pass

    def shut_exports(self) -> None:
        if self.exports is not None:
            self.exports.close()
            self.exports = None

    def kill(self) -> None:
        """End without closing anything in order, and open the store again."""
        self.shut_exports()
        self.bench.restart()

    def names(self, folder: Path | None = None) -> list[str]:
        folder = folder or self.target
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def rule(self, key: str, **said: Any) -> None:
        """Say how the results of a profile or a watched folder are written."""
        said = {"when": "completed", "formats": ("txt",)} | said
        rule = ExportRule(**said)
        save_rules(HomeFiles(self.bench.home), {key: rule}, now=self.bench.now)
        self.bench.service.announce(ExportRulesChanged())
        self.transact()

    def added(self, path: Path, exports: str = "", *, again: bool = True) -> int:
        """Add a recording and complete it; return its job, or that of the same recording."""
        if not path.exists():
            path.write_bytes(b"RIFF" + path.name.encode())
        service = self.bench.service
        answer = self.bench.answer(service.submit([path], exports=exports, again=again))
        if answer.known:
            return answer.known[0]
        self.complete(answer.ids[0], self.result(path))
        return answer.ids[0]

    def result(self, path: Path) -> Transcript:
        result = visit(path.name)
        return replace(result, provenance=replace(result.provenance, source_sha256=source_sha256(path)))

    def text(self, name: str) -> str:
        return (self.target / name).read_text(encoding="utf-8-sig")

    def review(self, job_id: int) -> None:
        self.take(job_id, Step(StepKind.REVIEW, 1_500.0, "Ana"))

    def sign(self, job_id: int) -> None:
        signed = fingerprint(self.bench.service.folders.result(job_id).review.transcript)
        self.take(job_id, Step(StepKind.SIGN, 1_600.0, "Dra. Ana Ruiz", sha256=signed))

    def held(self) -> list[str | None]:
        found = [event for event in self.bench.events if isinstance(event, ExportsHeld)]
        return [event.note.code if event.note else None for event in found]


def visit(name: str = "visit.wav") -> Transcript:
    return replace(transcript(*VISIT), provenance=replace(MADE, source_name=name))
