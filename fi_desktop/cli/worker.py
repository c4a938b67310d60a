"""`fi-desktop worker`: process recordings of other computers on a server, with Celery and Redis."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from fi_desktop import __version__
from fi_desktop.cli.arguments import add_setting
from fi_desktop.cli.queue_access import with_sealed
from fi_desktop.cli.terminal import Terminal
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.rpc.instance import AlreadyOwned, InstanceLock
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.system.data_folder import check_data_folder
from fi_desktop.system.devices import default_workers
from fi_desktop.workers.cluster.link import checked_place


def add_worker(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop worker`."""
    parser.add_argument("--new-key", type=Path, metavar="FILE", help="write a new key to FILE, and exit")
    add_setting(parser, "--broker", "broker", metavar="URL")
    add_setting(parser, "--certificates", "broker_certificates", metavar="FILE")
    parser.add_argument(
        "--unencrypted", action="store_true", help="connect to another computer's Redis without TLS"
    )
    add_setting(parser, "--transfer", "transfer", metavar="URL")
    add_setting(parser, "--key", "cluster_key", metavar="FILE")
    parser.add_argument(
        "--concurrency",
        type=int,
        metavar="N",
        help="recordings at a time (default: as many as suit this computer, up to 2)",
    )
    parser.add_argument("--queues", metavar="NAME,…", help="queues to take recordings from")
    parser.set_defaults(command=_worker)


def _worker(settings: Settings, options: argparse.Namespace) -> int:
    """Work until interrupted; return the exit code."""
    if find_spec("celery") is None or find_spec("fsspec") is None:
        raise UserError(messages.CLUSTER_NOT_INSTALLED)
    from fi_desktop.workers.cluster.orders import ClusterKey

    terminal = Terminal()
    if options.new_key is not None:
        if options.new_key.exists():
            raise UserError(messages.USAGE_KEY_EXISTS)
        ClusterKey.create(options.new_key)
        terminal.print(f"A new key is in {options.new_key}. Copy it to the server and to each computer.")
        return 0
    names = ("broker", "broker_certificates", "transfer", "cluster_key")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    workers = options.concurrency or settings.workers or default_workers()
    settings = replace(with_sealed(settings), workers=workers, **given)
    if not (settings.broker and settings.transfer and settings.cluster_key):
        raise UserError(messages.CLUSTER_INCOMPLETE)
    unencrypted = options.unencrypted or settings.broker_unencrypted
    place = checked_place(settings.broker, settings.broker_certificates, unencrypted=unencrypted)
    key = ClusterKey.read(Path(settings.cluster_key))
    queues = tuple(filter(None, (options.queues or settings.cluster_queue).split(",")))
    from fi_desktop.workers.cluster.celery_worker import ServerWorker

    check_data_folder(settings.home)
    lock = InstanceLock(settings.home)
    try:
        lock.acquire()
    except AlreadyOwned:
        raise UserError(messages.CLUSTER_WORKER_RUNS) from None
    log.set_up(settings.logs)
    log.event("CLUSTER_WORKER_STARTED", version=__version__, pid=os.getpid(), workers=workers)
    try:
        worker = ServerWorker(
            settings, place, key, settings.transfer, processes=workers, queues=queues or ("fi-desktop",)
        )
        terminal.print(f"Waiting for recordings on {place.host}, {workers} at a time. Ctrl-C stops.")
        worker.run()
    finally:
        log.event("CLUSTER_WORKER_STOPPED")
        log.tear_down()
        lock.release()
    return 0
