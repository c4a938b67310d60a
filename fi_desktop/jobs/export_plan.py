"""What is written of finished results, where, when, and under which names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from fi_desktop.core.codec import label_to_json
from fi_desktop.core.job import Job
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import Exportable, file_key, stem_by
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.exporters.template import DocumentTemplate
from fi_desktop.jobs.export_rules import AS_SETTINGS, ExportRule, formats_for_recordings
from fi_desktop.jobs.written_files import WrittenResult, WrittenTarget
from fi_desktop.settings import SPECS, Settings, within
from fi_desktop.system.result_files import review_path

_STATES = {
    "completed": ReviewState.DRAFT,
    "reviewed": ReviewState.REVIEWED,
    "signed": ReviewState.SIGNED,
}
_RANKS = {ReviewState.DRAFT: 0, ReviewState.REVIEWED: 1, ReviewState.SIGNED: 2}


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is written, where and when.

    Attributes:
        least: how far a result must be checked.
        formats: keys of `EXPORTERS`.
        folder: for results, and what is waited for; with `with_recordings`, each result is written to the
            folder of its recording in that folder, or into its `subfolder`.
        template: of the files' names.
        named: a rule says how files are named, so that the documents' template does not.
        documents: name of the documents' template; "" for none.
        language: of the files, one of `LABELS`; None: the system's.
        since: results that were finished earlier are not written, UTC, seconds since the epoch.
        quiet: no message says that results wait for the folder.
    """

    least: ReviewState
    folder: Path
    formats: tuple[str, ...]
    template: str
    language: str | None = None
    documents: str = ""
    named: bool = False
    with_recordings: bool = False
    subfolder: str = ""
    since: float = 0.0
    quiet: bool = False

    def takes(self, state: ReviewState) -> bool:
        """Whether a result that is checked so far is written."""
        return _RANKS[state] >= _RANKS[self.least]

    @classmethod
    def of(cls, settings: Settings) -> ExportPlan | None:
        """Return the plan of the settings; None if nothing is written."""
        least = _STATES.get(settings.export_when)
        if least is None or not settings.export_folder:
            return None
        formats = tuple(format for format in settings.export_formats if format in EXPORTERS)
        if not formats:
            return None
        language = settings.language if settings.language in LABELS else None
        folder, documents = Path(settings.export_folder), settings.export_template
        return cls(least, folder, formats, settings.export_name, language, documents)

    @classmethod
    def of_rule(cls, rule: ExportRule, settings: Settings) -> ExportPlan | None:
        """Return the plan of a rule that does not follow the settings; None if nothing is written.

        What the machine's policy says of exports holds for rules too.
        """
        formats = formats_for_recordings(rule.formats) if rule.with_recordings else rule.formats
        own = replace(
            settings,
            export_when=rule.when,
            export_folder=rule.folder,
            export_formats=formats,
            export_name=rule.name,
        )
        plan = cls.of(within(settings.policy, own))
        if plan is None:
            return None
        return replace(
            plan,
            named=rule.name != SPECS["export_name"].default,
            with_recordings=rule.with_recordings,
            subfolder=rule.subfolder,
            since=rule.since,
            quiet=not rule.owned,
        )

    def names(self, documents: DocumentTemplate) -> str:
        """Return the template of the files' names, for documents by this template."""
        return self.template if self.named else documents.file_name or self.template

    def folder_of(self, recording: Path) -> Path:
        """Return the folder for a recording's results, while `folder` is there; only a subfolder may not be.

        A recording that has left its folder, or the watched one, has its results in what is left of it.
        """
        if not self.with_recordings:
            return self.folder
        near = self.folder
        if recording.is_relative_to(self.folder):
            near = next((parent for parent in recording.parents if parent.is_dir()), self.folder)
        return near / self.subfolder if self.subfolder else near


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """One file of a job's recording, and how its results are written.

    Attributes:
        path: the recording or a copy.
        key: of the rule; "": as the settings say.
    """

    path: Path
    key: str
    plan: ExportPlan

    @property
    def id(self) -> str:
        """What tells the targets of a job apart; a copy of the same name has the same files."""
        name = file_key(self.path.name)
        return f"{self.key}/{name}" if self.key else name

    def done(self, job: Job, written: WrittenResult) -> WrittenTarget | None:
        """Return what was written for it last; also if a person found the recording under another name."""
        known = {each.target: each for each in written.done}
        if self.id in known or str(self.path) != job.path:
            return known.get(self.id)
        copies = {file_key(Path(copy).name) for copy in job.copies}
        before = (each for each in written.done if each.key == self.key and each.name not in copies)
        return next(before, None)


@dataclass(frozen=True, slots=True)
class ExportPlans:
    """The plan of the settings, and those of the rules.

    Attributes:
        settings: None if nothing is written as the settings say.
        own: by key; None for a rule by which nothing is written.
        following: keys of the rules that follow the settings.
    """

    settings: ExportPlan | None = None
    own: Mapping[str, ExportPlan | None] = field(default_factory=dict)
    following: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, settings: Settings, rules: Mapping[str, ExportRule], since: Callable[[], float]
    ) -> ExportPlans:
        """Return the plans; `since`: when the settings began to have results written."""
        plan = ExportPlan.of(settings)
        if plan is not None:
            plan = replace(plan, since=since())
        own: dict[str, ExportPlan | None] = {}
        following = frozenset(key for key, rule in rules.items() if rule.when == AS_SETTINGS)
        for key, rule in rules.items():
            if key not in following:
                own[key] = ExportPlan.of_rule(rule, settings)
            else:
                own[key] = plan and replace(plan, since=max(plan.since, rule.since))
        return cls(plan, own, following)

    @property
    def all(self) -> tuple[ExportPlan, ...]:
        """The plans by which anything is written."""
        return tuple(plan for plan in (self.settings, *self.own.values()) if plan is not None)

    def targets(self, job: Job) -> tuple[ExportTarget, ...]:
        """Return what is to be written of a job: each name once in each folder."""
        found: dict[tuple[Path, str], ExportTarget] = {}
        for path, key in job.files:
            plan = self.own.get(key) if key else self.settings
            if plan is not None:
                place = Path(path).parent if plan.with_recordings else plan.folder
                target = ExportTarget(Path(path), "" if key in self.following else key, plan)
                found.setdefault((place, file_key(target.path.name)), target)
        return tuple(found.values())


def stem_of(template: str, job: Job, name: str, reviewed: ReviewedTranscript, options: ExportOptions) -> str:
    """Return the name of a result's files, without number and ending."""
    return stem_by(template, Exportable(name, lambda: reviewed, job.submitted_at), reviewed, options)


def label_text(job: Job) -> str:
    """Return a job's case and date as one text, by which a change is noticed."""
    return json.dumps(label_to_json(job.label), sort_keys=True)


def named(reviewed: ReviewedTranscript, name: str) -> ReviewedTranscript:
    """Return a result under a recording's name; what is signed stays as it is."""
    if reviewed.state is ReviewState.SIGNED:
        return reviewed
    made = replace(reviewed.transcript.provenance, source_name=name)
    return replace(reviewed, transcript=replace(reviewed.transcript, provenance=made))


def is_due(job: Job, target: ExportTarget, written: WrittenResult, folder: Path) -> bool:
    """Whether the result of a completed job is to be written for a target as it is now.

    written: what was written of it; folder: the job's.
    """
    if job.summary is None or job.finished_at is None or not target.plan.takes(job.review):
        return False
    done, since = target.done(job, written), target.plan.since
    version = job.summary.version or (done.version if done is not None else "")  # older records have none
    review = review_path(folder, version)
    is_checked = job.review is not ReviewState.DRAFT
    if done is not None:
        # what is signed stays, also under a case that was corrected later
        relabelled = done.label not in (None, label_text(job)) and job.review is not ReviewState.SIGNED
        changed = is_checked and done.steps != review_bytes(review)
        return done.version != version or relabelled or changed
    if job.finished_at >= since or target.key in written.keys:
        return True
    return is_checked and _changed_at(review) >= since


def review_bytes(path: Path) -> int:
    """Return the size of a review's file; 0 without one."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _changed_at(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
