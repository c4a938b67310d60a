"""`fi-desktop metrics` and `alerts`: the queue in figures, for Prometheus too, and alerts."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from getpass import getpass
from pathlib import Path
from statistics import fmean

from rich.table import Table
from rich.text import Text

from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.queue_access import idle_queue, with_sealed
from fi_desktop.cli.terminal import Terminal, plain_table, say, say_json, warn, write_file
from fi_desktop.core.text import clock
from fi_desktop.jobs.alert_channels import KEYRING_ACCOUNT, PASSWORD_VARIABLE, channels_of
from fi_desktop.jobs.alerts import AlertLimits, send_test
from fi_desktop.jobs.metrics import WINDOWS, Metrics, Quantiles, Target, measure, targets
from fi_desktop.jobs.prometheus import QueueReading, exposition
from fi_desktop.jobs.queue_events import WorkerGauge, server_load
from fi_desktop.jobs.queue_history import read_history
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system import keyring_access
from fi_desktop.system.devices import host_figures
from fi_desktop.system.files import write_whole

_DAY_S = 86_400.0


def add_metrics(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop metrics`."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument(
        "--prometheus", action="store_true", help="print Prometheus' text format; see docs/monitoring.md"
    )
    form.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="replace this file with Prometheus' text, readable by all, as for a textfile collector",
    )
    parser.set_defaults(command=_metrics)


def _metrics(settings: Settings, options: argparse.Namespace) -> int:
    with idle_queue(settings) as client:
        jobs, gauges = client.call(JobService.jobs), client.call(JobService.gauges)
        paused = client.call(JobService.paused)
    now = time.time()
    if options.prometheus or options.output is not None:
        history = read_history(settings.history, since=now - _DAY_S)
        host = host_figures(settings.home)
        _write(exposition(QueueReading(now, jobs, gauges, paused, history, host)), options.output)
        return 0
    measured = {name: measure(jobs, now=now, window_s=window_s) for name, window_s in WINDOWS.items()}
    uptime = fmean(gauge.uptime for gauge in gauges) if gauges else None
    goals = targets(measured["24h"], worker_uptime=uptime)
    if options.json:
        windows = {name: asdict(values) for name, values in measured.items()}
        workers, wanted = [asdict(gauge) for gauge in gauges], [asdict(goal) for goal in goals]
        say_json({**windows, "workers": workers, "targets": wanted})
        return 0
    terminal = Terminal()
    terminal.print(_metrics_table(measured))
    terminal.print(_targets_table(goals))
    if gauges:
        terminal.print(_workers_table(gauges))
    if (load := server_load(gauges)) is not None:
        terminal.print(
            f"Server {load.host}, for all computers: {load.waiting} waiting in Redis, "
            f"{load.working} of {load.processes} being processed."
        )
    return 0


def _write(text: bytes, file: Path | None) -> None:
    if file is None or str(file) == "-":
        write_file(text)
    else:
        write_whole(file, text, mode=0o644)  # the collector runs under another account


def _metrics_table(measured: dict[str, Metrics]) -> Table:
    table = plain_table("Queue", *measured, right=measured)
    values = list(measured.values())
    rows = {
        "waiting now": [str(m.depth) for m in values],
        "depth p99": [str(m.depth_p99) for m in values],
        "submitted": [str(m.submitted) for m in values],
        "completed": [str(m.completed) for m in values],
        "failed": [str(m.failed) for m in values],
        "cancelled": [str(m.cancelled) for m in values],
        "attempts per second": [f"{m.per_s:.3f}" for m in values],
        "wait, s: p50 p95 p99": [_quantiles(m.wait) for m in values],
        "run, s: p50 p95 p99": [_quantiles(m.run) for m in values],
        "completion rate": [_percent(m.completion_rate) for m in values],
        "retry rate": [_percent(m.retry_rate) for m in values],
        "timeouts": [str(m.timeouts) for m in values],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _targets_table(goals: tuple[Target, ...]) -> Table:
    table = plain_table("Target (24h)", "Required", "Measured", "")
    verdicts = {True: ("met", "green"), False: ("missed", "red"), None: ("–", "dim")}
    for goal in goals:
        table.add_row(goal.name, goal.wanted, _measured(goal), Text(*verdicts[goal.met]))
    return table


def _measured(goal: Target) -> str:
    if goal.measured is None:
        return "–"
    if "%" in goal.wanted:
        return _percent(goal.measured)
    return clock(goal.measured) if "min" in goal.wanted else f"{goal.measured:.0f}"


def _workers_table(gauges: list[WorkerGauge]) -> Table:
    numbers = ("PID", "CPU", "Memory", "Running", "Uptime", "Done", "Failed", "Heard")
    elsewhere = any(gauge.host for gauge in gauges)
    computer = ("Computer",) if elsewhere else ()
    table = plain_table("Worker", *computer, "Device", *numbers, right=numbers)
    for gauge in gauges:
        host = (gauge.host or "this one",) if elsewhere else ()
        table.add_row(
            gauge.name,
            *host,
            gauge.device,
            str(gauge.pid or "–"),
            f"{gauge.cpu_percent:.0f} %",
            f"{gauge.rss_bytes / 1e6:.0f} MB",
            clock(gauge.uptime_s),
            _percent(gauge.uptime),
            str(gauge.done),
            str(gauge.failed),
            "–" if gauge.silent_s is None else f"{gauge.silent_s:.1f} s",
        )
    return table


def _quantiles(quantiles: Quantiles) -> str:
    values = (quantiles.p50, quantiles.p95, quantiles.p99)
    return "  ".join("–" if value is None else f"{value:.1f}" for value in values)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


# ---- alerts


def add_alerts(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop alerts`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    show = add_command(actions, "show", "show the limits, and where alerts are sent")
    show.set_defaults(command=_show_alerts)
    test = add_command(actions, "test", "send a test to each place where alerts are sent")
    test.set_defaults(command=_test_alerts)
    password = add_command(actions, "password", "store the password of the mail account in the keyring")
    password.add_argument("--forget", action="store_true", help="delete it from the keyring")
    password.set_defaults(command=_password)


def _show_alerts(settings: Settings, _options: argparse.Namespace) -> int:
    settings = with_sealed(settings)
    limits = AlertLimits.of(settings)
    table = plain_table("Alert", "Limit")
    queue = f"more than {limits.queue} for {settings.alert_queue_min} minutes" if limits.queue else "off"
    table.add_row("recordings waiting", queue)
    table.add_row("share of failures", f"{limits.failures} % or more" if limits.failures else "off")
    table.add_row(
        "free disk space", f"less than {settings.alert_disk_gb:g} GB" if limits.disk_bytes else "off"
    )
    table.add_row("workers replaced", f"{limits.restarts} or more in an hour" if limits.restarts else "off")
    Terminal().print(table)
    kinds = [channel.kind for channel in channels_of(settings)]
    kinds += ["notification"] if settings.alert_notify else []
    say(f"Sent by: {', '.join(kinds) or 'nothing'}.")
    return 0


def _test_alerts(settings: Settings, _options: argparse.Namespace) -> int:
    """Return 1 unless each place has the test."""
    outcomes = send_test(with_sealed(settings), "en")
    for kind, reason in outcomes:
        if reason:
            warn(f"{kind}: {reason}")
        else:
            say(f"{kind}: sent")
    if not outcomes:
        warn("The settings name no place to send alerts to; see docs/monitoring.md.")
    return 1 if not outcomes or any(reason for _, reason in outcomes) else 0


def _password(_settings: Settings, options: argparse.Namespace) -> int:
    if options.forget:
        keyring_access.delete(KEYRING_ACCOUNT)
        return 0
    if keyring_access.write(KEYRING_ACCOUNT, getpass("Password: ")):
        return 0
    warn(f"There is no keyring. Set the environment variable {PASSWORD_VARIABLE} instead.")
    return 1
