"""`App`, the composition root: the settings, the queue, the backend and the IPC server as one program."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fi_desktop import __version__
from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.delivery import AuditDelivery
from fi_desktop.audit.targets import AuditTarget, targets_of
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.jobs.alerts import AlertsThread
from fi_desktop.jobs.audit_check import evidence_of
from fi_desktop.jobs.automatic_exports import ExportingThread
from fi_desktop.jobs.commands import command, commands_of
from fi_desktop.jobs.file_sealing import FileSealing
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.indexing import IndexingThread
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.queue_history import HistoryKind, HistoryRecorder
from fi_desktop.jobs.recovery import open_or_rebuild
from fi_desktop.jobs.retention import KeepTimes
from fi_desktop.jobs.run_times import TimesCheck
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.unsealing import unseal_home
from fi_desktop.rpc.client import RemoteClient
from fi_desktop.rpc.instance import AlreadyOwned, InstanceLock
from fi_desktop.rpc.server import IpcServer, answer, request
from fi_desktop.settings import PRIVATE, SPECS, Settings, save_changes, toml_file, with_private
from fi_desktop.system import keyring_access, log
from fi_desktop.system.clock import Clock
from fi_desktop.system.data_folder import check_data_folder
from fi_desktop.vault import vault_exists
from fi_desktop.workers.pool import WorkerPool
from fi_desktop.workers.queue_thread import Backend, IdleBackend, InlineBackend, Limits

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

__all__ = ["AlreadyOwned", "App"]

_RETENTION = tuple(name for name in SPECS if name.startswith("keep_") or name == "clock_gap_days")
BackendName = Literal["pool", "thread", "inline", "idle"]


class App:
    """The program without its window: the owner of a data folder.

    Attributes:
        settings: the current settings.
        service: the queue; accepts commands at once, and runs them once `start` was called.
        index: keeps the index of transcripts.
        history: writes the history of workers and queue.
        alerts: sends alerts to administrators, if the settings ask for that.
        trail: the audit trail.
        delivery: sends it on, if the settings ask for that.
        exports: writes results to the folder for results; None in a process that only reads the queue.
        vault: has the keys, if data is sealed; opened by `own`, still locked.
        sealing: seals the files that are still in clear, if there are any.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        backend: BackendName = "pool",
        times: TimesCheck | None = None,
        program: str = "window",
        expires: bool = True,
    ) -> None:
        """Assemble the parts; nothing is started, and no file is touched.

        Args:
            settings: the current settings.
            backend: runs jobs in worker processes, in one thread, in the queue thread itself, or not at all.
            times: checks when jobs may start, by the system's clock and power supply if it is not given.
            program: what this process is, for the audit trail.
            expires: whether what is older than the settings say is deleted without being asked for.
        """
        self.settings = settings
        clock, folders = Clock(), JobFolders(settings.jobs)
        self.trail = AuditTrail(
            settings.audit,
            program=program,
            files=folders.home_files,
            evidence=partial(evidence_of, folders),
            now=clock.now,
        )
        self.delivery = AuditDelivery(self.trail.store, code=self.trail.code)
        self.trail.sent = lambda: self.delivery.sent_to_all(self._targets())
        self.service = JobService(
            partial(open_or_rebuild, settings.store, folders, now=clock.now),
            folders,
            now=clock.now,
            rng=random.Random(),
            policy=_policy(settings),
            keep=KeepTimes.of(settings),
            expires=expires,
            name_pattern=settings.name_pattern,
            trail=self.trail,
        )
        self.index = IndexingThread(self.service)
        self.vault: Vault | None = None
        self.sealing: FileSealing | None = None
        self._compares = backend != "idle"
        self.history = HistoryRecorder(self.service, settings.history, now=clock.now)
        self.alerts = AlertsThread(self.service, settings, now=clock.now)
        self.exports = ExportingThread(self.service, settings, now=clock.now) if self._compares else None
        models = tuple(str(root) for root in settings.model_roots)
        self._backend: Backend
        match backend:
            case "pool" | "thread":
                threads = backend == "thread"
                self._backend = WorkerPool(
                    self.service, settings, models, now=clock.now, threads=threads, times=times
                )
            case "inline":
                self._backend = InlineBackend(self.service, settings, models, times=times)
            case "idle":
                self._backend = IdleBackend(self.service, settings, models)
        self._lock: InstanceLock | None = None
        self._ipc = IpcServer(
            settings.home, partial(answer, commands_of(self.service, self), settings.locked.exists)
        )
        self._on_files: Callable[[list[str]], None] | None = None
        self._on_settings: Callable[[Settings], None] = lambda settings: None

    def own(self, *, timeout_s: float = 0.0) -> None:
        """Become the owner of the data folder, waiting for its present owner if need be.

        Raises:
            AlreadyOwned: another process owns it; `owner()` talks to it.
            UserError, TransientError: it cannot hold a queue.
        """
        check_data_folder(self.settings.home)
        lock = InstanceLock(self.settings.home)
        lock.acquire(timeout_s=timeout_s)
        self._lock = lock
        try:
            if vault_exists(self.settings.keys):
                from fi_desktop.vault.vault import Vault

                self.vault = Vault(self.settings.keys, owner=True)
        except BaseException:
            self._release()
            raise

    def owner(self) -> RemoteClient:
        """Return a client of the process that owns the data folder."""
        return RemoteClient(partial(request, self.settings.home))

    @command
    def open_window(self, paths: Sequence[Path]) -> Future[bool]:
        """Add files to the window and raise it; return False if this process has no window."""
        opened: Future[bool] = Future()
        opened.set_result(self._on_files is not None)
        if self._on_files is not None:
            self._on_files([str(path) for path in paths])
        return opened

    @command
    def configure(self, changes: dict[str, str]) -> Future[None]:
        """Change settings for another process; the values are text, as in the environment."""
        changed: Future[None] = Future()
        try:
            self._on_settings(self.change_settings(changes))
        except (UserError, TransientError) as error:
            changed.set_exception(error)
        else:
            changed.set_result(None)
        return changed

    def on_settings(self, callback: Callable[[Settings], None]) -> None:
        """Call `callback` on another thread with settings that another process changed."""
        self._on_settings = callback

    def on_handover(self, callback: Callable[[list[str]], None]) -> None:
        """Call `callback` on another thread with the files of a second launch; raise the window if none."""
        self._on_files = callback

    def start(self) -> None:
        """Open the store and start working; become the owner first, if `own` was not called.

        Raises:
            AlreadyOwned: another process owns the data folder.
            UserError, TransientError: the vault cannot be unlocked, or the store cannot be opened.
        """
        if self._lock is None:
            self.own()
        if self.vault is not None:
            self.unlock()
            if self.vault.state.unsealing:
                self.unseal()
        log.set_up(self.settings.logs)
        log.event("APP_STARTED", version=__version__)
        if self.vault is not None:
            self._open_private()
        if self._compares:
            self.trail.on_appended(self.delivery.on_appended)
            policy = self.settings.policy.sha256
            self.trail.record(Act(ActKind.PROGRAM_STARTED, detail={"policy": policy} if policy else {}))
            self.delivery.change(self._targets())
            self.history.start()
        self._backend.start()
        if self._compares:
            self.alerts.start()
        if self.vault is not None and self.vault.state.mixed:
            self._seal_files(self.vault)
        elif self.vault is None and self._compares:
            self._seal_by_default()
        self.index.start()
        if self._compares:
            self.index.compare()
        if self.exports is not None:
            self.exports.start()
        self._ipc.open()

    def unlock(self, passphrase: str = "") -> None:
        """Unlock the vault, if it is locked; blocks.

        Raises:
            UserError: it cannot be unlocked, or a passphrase is needed.
        """
        if self.vault is not None:
            if self.vault.locked:
                self.vault.unlock(passphrase)
            self.service.folders.vault = self.vault

    def lock(self) -> None:
        """Lock the vault, if there is one: finished jobs cannot be read until `unlock`; blocks for a moment.

        Raises:
            TransientError: the disk is full; it is not locked.
        """
        if self.vault is not None and not self.vault.locked:
            self.service.lock(self.vault).result()
            log.event("LOCKED")

    def seal(self, *, keyring: bool, passphrase: str = "", recipients: Iterable[str] = ()) -> None:
        """Seal everything from now on, and what is there already, while work goes on; blocks for a moment.

        Raises:
            UserError: see `Vault.create`; nothing was changed.
            TransientError: the disk is full.
        """
        from fi_desktop.vault.vault import Vault

        vault = Vault.create(
            self.settings.keys, keyring=keyring, passphrase=passphrase, recipients=recipients
        )
        try:
            self.service.seal(vault).result()
        except BaseException:
            vault.delete()
            raise
        self.vault = vault
        log.event("SEALED")
        self._seal_private()
        self._seal_files(vault)
        self.index.move()

    def unseal(self) -> None:
        """Write everything in clear again, and delete the keys; blocks. The queue must not have been started.

        Raises:
            UserError: the vault is locked, or does not exist.
            TransientError, OSError: the disk is full; the next start goes on.
        """
        self.unlock()
        if self.vault is not None:
            self.trail.store.unseal_keys()
            unseal_home(self.settings.store, self.service.folders, self.vault)
            self.vault = self.service.folders.vault = None

    def _seal_by_default(self) -> None:
        """Seal with the keyring, if there is one and the person did not decide otherwise."""
        if self.settings.seal and keyring_access.available():
            try:
                self.seal(keyring=True)
            except (UserError, TransientError) as error:  # a keyring that stays locked, a full disk
                log.event("SEALING_FAILED", code=error.code)

    def _open_private(self) -> None:
        """Use what is sealed of the settings, after sealing what was still in clear.

        Raises:
            UserError: the sealed settings were damaged.
        """
        self._seal_private()
        self.settings = settings = with_private(self.settings, self.service.folders.home_files)
        self._backend.change_settings(settings)
        self._apply_private(settings)

    def _seal_private(self) -> None:
        """Seal what the clinic wrote itself and is in clear: of an earlier version, or put there by hand."""
        files = self.service.folders.home_files
        try:
            self.trail.store.seal_keys()
            sealed = [*files.seal_all(), *toml_file.move_to_sealed(files, PRIVATE)]
            files.forget_typed()
        except (FiError, OSError) as error:  # a full disk, a file of another account: the next start goes on
            log.event("SEALING_FAILED", error=type(error).__name__)
            return
        if sealed:
            log.event("FILES_SEALED", files=len(sealed))
            self.trail.record(Act(ActKind.SETTINGS_CHANGED, detail={"sealed": sorted(sealed)}))

    def _seal_files(self, vault: Vault) -> None:
        self.sealing = FileSealing(self.service, vault)
        self.sealing.start()

    def stop(self) -> None:
        """Stop safely: running jobs are requeued. Returns when everything is on disk."""
        self._ipc.close()
        self.alerts.close()
        if self.sealing is not None:
            self.sealing.close()
        self._backend.stop()
        if self._compares:
            self.trail.record(Act(ActKind.PROGRAM_STOPPED))
            self.history.close()
        self.trail.close()
        self.delivery.close()
        if self.exports is not None:
            self.exports.close()
        self.index.close()
        log.event("APP_STOPPED")
        log.tear_down()
        self._release()

    def _release(self) -> None:
        if self.vault is not None:
            self.vault.close()
            self.vault = self.service.folders.vault = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def resize_workers(self, workers: int) -> None:
        """Grow or shrink the pool while it works."""
        self._backend.resize(workers)

    def recycle_worker(self, name: str) -> None:
        """Replace a worker once its job is done."""
        self._backend.recycle(name)

    def restart_worker(self, name: str) -> None:
        """Replace a worker now; its job is requeued at no charge."""
        self._backend.restart(name)

    def retire_worker(self, name: str) -> None:
        """Remove a worker once its job is done, and run one worker less."""
        self._backend.retire(name)

    def change_limits(self, limits: Limits) -> None:
        """Apply new time limits, to running jobs too."""
        self._backend.change_limits(limits)

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Write changed settings to `settings.toml`, apply them where possible, and return all; blocks.

        Raises:
            UserError: a value is invalid, or was set by the environment or the command line.
            TransientError: the disk is full.
        """
        before = self.settings
        self.settings = settings = save_changes(before, changes, self.service.folders.home_files)
        self._record_settings(before, settings, changes)
        self.service.change_policy(_policy(settings))
        self.service.change_retention(KeepTimes.of(settings))
        self._backend.change_settings(settings)
        if self._compares:
            self.delivery.change(self._targets())
        self._apply_private(settings)
        return settings

    def _apply_private(self, settings: Settings) -> None:
        self.service.change_names(settings.name_pattern)
        self.alerts.change(settings)
        if self.exports is not None:
            self.exports.change(settings)

    def _targets(self) -> list[AuditTarget]:
        settings = self.settings
        return targets_of(
            settings.audit_folder,
            settings.audit_syslog,
            settings.audit_certificates,
            settings.audit_command,
            self.trail.code("trail") or "",
        )

    def _record_settings(self, before: Settings, after: Settings, changes: Mapping[str, Any]) -> None:
        """Record which settings a person changed; of their values, only how long jobs are kept."""
        names = sorted(name for name in changes if getattr(before, name) != getattr(after, name))
        if names:
            self.trail.record(Act(ActKind.SETTINGS_CHANGED, detail={"settings": names}))
        if self._compares:
            for name in names:
                self.history.record(HistoryKind.SETTING_CHANGED, code=name)
        kept = {name: [getattr(before, name), getattr(after, name)] for name in _RETENTION if name in names}
        if kept:
            self.trail.record(Act(ActKind.RETENTION_CHANGED, detail=kept))

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Read what each worker process uses."""
        return self._backend.gauges()


def _policy(settings: Settings) -> RetryPolicy:
    return RetryPolicy(settings.retry_delays_s, max_deliveries=settings.max_deliveries)
