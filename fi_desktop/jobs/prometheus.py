"""The queue's metrics as Prometheus reads them: text format 0.0.4, for a textfile collector.

States, counts, seconds and bytes; labels are states, codes, time spans, names of workers and of their
computers. No job, recording or patient is named. `FAMILIES` is the list for people, too: docs/monitoring.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fi_desktop import __version__
from fi_desktop.core.job import Job, JobState
from fi_desktop.jobs.metrics import WINDOWS, Metrics, Quantiles, causes, measure
from fi_desktop.jobs.queue_events import WorkerGauge, server_load
from fi_desktop.jobs.queue_history import LOST, HistoryEntry
from fi_desktop.system.devices import HostFigures

Labels = Mapping[str, str]
Sample = tuple[Labels, float]
NO_LABELS: Labels = {}

_WAITING = (JobState.QUEUED, JobState.RETRYING)
_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n"}


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """Samples with one name.

    Attributes:
        name: without the prefix `fi_desktop_`.
        help: one line for people.
        labels: names of its labels.
        counter: whether it only grows while a worker's slot exists; else a gauge.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    counter: bool = False


FAMILIES = (
    MetricFamily("info", "The program; always 1.", ("version",)),
    MetricFamily("jobs", "Jobs in the list, by state.", ("state",)),
    MetricFamily("failed_jobs", "Failed jobs in the list, by the code of their cause.", ("code",)),
    MetricFamily("paused", "1 if the queue is paused.", ()),
    MetricFamily("oldest_waiting_seconds", "How long the oldest waiting job has waited; 0 without one.", ()),
    MetricFamily("submitted", "Jobs added within the last hour or day.", ("window",)),
    MetricFamily("ended", "Jobs that ended within the last hour or day, by state.", ("state", "window")),
    MetricFamily("attempts", "Attempts that ended within the last hour or day.", ("window",)),
    MetricFamily("retries", "Those of them that were not a job's first.", ("window",)),
    MetricFamily("timeouts", "Those of them that passed a time limit.", ("window",)),
    MetricFamily("audio_seconds", "Length of the recordings completed in that time.", ("window",)),
    MetricFamily("wait_seconds", "Time from submission to the first attempt.", ("quantile", "window")),
    MetricFamily("run_seconds", "Duration of an attempt.", ("quantile", "window")),
    MetricFamily("worker_up", "1 if the worker's process runs.", ("worker", "host")),
    MetricFamily("worker_cpu_ratio", "CPU of the worker; 1 is a whole core.", ("worker", "host")),
    MetricFamily("worker_memory_bytes", "Resident memory of the worker.", ("worker", "host")),
    MetricFamily("worker_uptime_seconds", "Age of the worker's process.", ("worker", "host")),
    MetricFamily(
        "worker_silent_seconds", "Time since the last message of a worker that works.", ("worker", "host")
    ),
    MetricFamily(
        "worker_attempts_total",
        "Attempts of the worker since the program started, by outcome: done or failed.",
        ("outcome", "worker", "host"),
        counter=True,
    ),
    MetricFamily("server_waiting", "Attempts of all desktops that wait in the server's Redis.", ("host",)),
    MetricFamily("server_working", "Attempts of all desktops that workers on the server have.", ("host",)),
    MetricFamily("server_processes", "Attempts that the server's workers can have at a time.", ("host",)),
    MetricFamily(
        "server_commands_per_second", "Commands that the server's Redis carries out a second.", ("host",)
    ),
    MetricFamily(
        "workers_lost", "Workers that died or were killed within the last hour or day.", ("window",)
    ),
    MetricFamily("disk_free_bytes", "Free space of the disk with the data folder.", ()),
    MetricFamily("disk_size_bytes", "Size of that disk.", ()),
    MetricFamily("memory_used_bytes", "Memory of this computer that is in use.", ()),
    MetricFamily("memory_size_bytes", "Memory of this computer.", ()),
)
"""All families, in the order of the text."""


@dataclass(frozen=True, slots=True)
class QueueReading:
    """What the text is made from.

    Attributes:
        now: UTC, seconds since the epoch.
        jobs: all jobs.
        gauges: one a worker; empty if the program is not open.
        paused: whether the queue is.
        history: at least of the last day.
        host: this computer.
    """

    now: float
    jobs: Sequence[Job]
    gauges: Sequence[WorkerGauge]
    paused: bool
    history: Sequence[HistoryEntry]
    host: HostFigures


def exposition(reading: QueueReading) -> bytes:
    """Return the metrics in Prometheus' text format."""
    samples = _samples(reading)
    lines: list[str] = []
    for family in FAMILIES:
        name = f"fi_desktop_{family.name}"
        lines.append(f"# HELP {name} {family.help}")
        lines.append(f"# TYPE {name} {'counter' if family.counter else 'gauge'}")
        lines += (f"{name}{_label_text(labels)} {value:.12g}" for labels, value in samples[family.name])
    return ("\n".join(lines) + "\n").encode()


def _samples(reading: QueueReading) -> dict[str, list[Sample]]:
    states = Counter(job.state for job in reading.jobs)
    waiting = [job.submitted_at for job in reading.jobs if job.state in _WAITING]
    host = reading.host
    found: dict[str, list[Sample]] = {family.name: [] for family in FAMILIES}
    found["info"] = [({"version": __version__}, 1.0)]
    found["jobs"] = [({"state": state.value.lower()}, float(states[state])) for state in JobState]
    found["failed_jobs"] = [
        ({"code": cause.code}, float(len(cause.ids)))
        for cause in sorted(causes(reading.jobs), key=lambda cause: cause.code)
    ]
    found["paused"] = [(NO_LABELS, float(reading.paused))]
    oldest = max(0.0, reading.now - min(waiting)) if waiting else 0.0
    found["oldest_waiting_seconds"] = [(NO_LABELS, oldest)]
    for window, length_s in WINDOWS.items():
        if length_s is not None:
            measured = measure(reading.jobs, now=reading.now, window_s=length_s)
            for name, sample in _of_window(window, measured):
                found[name].append(sample)
            lost = sum(entry.kind in LOST and entry.at >= reading.now - length_s for entry in reading.history)
            found["workers_lost"].append(({"window": window}, float(lost)))
    for gauge in reading.gauges:
        for name, sample in _of_worker(gauge):
            found[name].append(sample)
    for name, sample in _of_server(reading.gauges):
        found[name].append(sample)
    if host.disk_free is not None and host.disk_total is not None:
        found["disk_free_bytes"] = [(NO_LABELS, float(host.disk_free))]
        found["disk_size_bytes"] = [(NO_LABELS, float(host.disk_total))]
    found["memory_used_bytes"] = [(NO_LABELS, float(host.memory_used))]
    found["memory_size_bytes"] = [(NO_LABELS, float(host.memory_total))]
    return found


def _of_window(window: str, metrics: Metrics) -> Iterator[tuple[str, Sample]]:
    labels = {"window": window}
    for name, value in (
        ("submitted", metrics.submitted),
        ("attempts", metrics.attempts),
        ("retries", metrics.retries),
        ("timeouts", metrics.timeouts),
        ("audio_seconds", metrics.audio_s),
    ):
        yield name, (labels, float(value))
    for state in ("completed", "failed", "cancelled"):
        yield "ended", ({"state": state, **labels}, float(getattr(metrics, state)))
    for name, quantiles in (("wait_seconds", metrics.wait), ("run_seconds", metrics.run)):
        yield from ((name, ({"quantile": share, **labels}, value)) for share, value in _known(quantiles))


def _known(quantiles: Quantiles) -> Iterable[tuple[str, float]]:
    values = (("0.5", quantiles.p50), ("0.95", quantiles.p95), ("0.99", quantiles.p99))
    return [(share, value) for share, value in values if value is not None]


def _of_worker(gauge: WorkerGauge) -> Iterator[tuple[str, Sample]]:
    labels = {"worker": gauge.name, "host": gauge.host}
    yield "worker_up", (labels, float(gauge.uptime_s > 0))
    yield "worker_cpu_ratio", (labels, gauge.cpu_percent / 100)
    yield "worker_memory_bytes", (labels, float(gauge.rss_bytes))
    yield "worker_uptime_seconds", (labels, gauge.uptime_s)
    if gauge.silent_s is not None:
        yield "worker_silent_seconds", (labels, gauge.silent_s)
    yield "worker_attempts_total", ({"outcome": "done", **labels}, float(gauge.done))
    yield "worker_attempts_total", ({"outcome": "failed", **labels}, float(gauge.failed))


def _of_server(gauges: Sequence[WorkerGauge]) -> Iterator[tuple[str, Sample]]:
    if (load := server_load(gauges)) is None:
        return
    labels = {"host": load.host}
    yield "server_waiting", (labels, float(load.waiting))
    yield "server_working", (labels, float(load.working))
    yield "server_processes", (labels, float(load.processes))
    if load.commands_s is not None:
        yield "server_commands_per_second", (labels, load.commands_s)


def _label_text(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{"".join(_ESCAPES.get(c, c) for c in value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"
