"""What a relay needs of the server: Redis, Celery, the folder for transfers, and the key.

Whatever can go wrong here is an error with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kombu.exceptions import KombuError, OperationalError

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.values import ServerLoad
from fi_desktop.system import log
from fi_desktop.workers.cluster.broker import Broker, Unreachable, celery_app
from fi_desktop.workers.cluster.link import ClusterLink
from fi_desktop.workers.cluster.orders import (
    TASK_NAME,
    ClusterKey,
    Order,
    OtherProtocol,
    Present,
    job_of,
)
from fi_desktop.workers.cluster.transfer import TransferRoot

MARK = ".sent"
"""The ending of the file in a job's folder that says that a task is followed by this desktop."""
_MARK = re.compile(r"([0-9a-f]{12}-\d+\.\d+\.\d+)" + re.escape(MARK))
_TASK_LIMIT_S = 120.0  # the server kills a worker at the hard limit; Celery, should that fail, after this


@dataclass(frozen=True, slots=True)
class Servers:
    """The workers of the server.

    Attributes:
        usable: those that can do what this desktop asks for.
        refused: those that have another key.
        other_protocol: those of a version that does not fit.
        other_root: those that see another folder for transfers.
        working: tasks that workers have.
    """

    usable: tuple[Present, ...] = ()
    refused: int = 0
    other_protocol: int = 0
    other_root: int = 0
    working: int = 0


class ServerAccess:
    """The server, as this desktop reaches it.

    Attributes:
        link: where it is.
        key: signs what is sent.
        broker: its Redis.
    """

    def __init__(self, link: ClusterLink) -> None:
        """Prepare.

        Raises:
            UserError: the key cannot be read.
        """
        self.link = link
        self.key = ClusterKey.read(link.key)
        self.broker = Broker(link.place)
        self._app = celery_app(link.place, link.queue, results=False)
        self._transfer: TransferRoot | None = None
        self._root = ""

    @property
    def transfer(self) -> TransferRoot:
        """The folder for transfers.

        Raises:
            UserError, TransientError: it cannot be used.
        """
        if self._transfer is None:
            self._transfer = TransferRoot(self.link.transfer)
        return self._transfer

    def check(self) -> Servers:
        """Look whether jobs can be sent, and return the server's workers.

        Raises:
            FiError: they cannot be sent; the message says why.
        """
        with reaching():
            servers = self._servers()
        if not servers.usable:
            self._root = ""  # look again: it may have been made since
            if servers.other_protocol:
                raise UserError(messages.CLUSTER_VERSION)
            if servers.refused:
                raise UserError(messages.CLUSTER_OTHER_KEY)
            if servers.other_root:
                raise UserError(messages.CLUSTER_OTHER_FOLDER)
            raise TransientError(messages.CLUSTER_NO_WORKERS)
        return servers

    def anybody(self) -> bool:
        """Whether the server has a worker that can do what this desktop asks for.

        Raises:
            Unreachable: Redis cannot be reached.
        """
        return bool(self._servers().usable)

    def load(self, servers: Servers | None = None) -> ServerLoad:
        """Return what the server has to do. servers: its workers, if they are known.

        Raises:
            Unreachable: Redis cannot be reached.
        """
        servers = servers or self._servers()
        return ServerLoad(
            host=self.link.place.host,
            waiting=self.broker.depth(self.link.queue),
            working=servers.working,
            processes=sum(present.processes for present in servers.usable),
            commands_s=self.broker.commands_s(),
        )

    def send(self, task: str, order: Order) -> None:
        """Send a Celery task.

        Raises:
            Unreachable: Redis cannot be reached.
        """
        limit_s = order.hard_limit_s + _TASK_LIMIT_S
        try:
            self._app.send_task(
                TASK_NAME,
                args=[self.key.close(order, task)],
                task_id=task,
                queue=self.link.queue,
                argsrepr=f"(job {order.job_id})",  # what monitors show
                kwargsrepr="{}",
                time_limit=limit_s,
                retry=False,
            )
        except (KombuError, OperationalError, OSError) as error:
            raise Unreachable(type(error).__name__) from error

    def forget(self, task: str, *, revoke: bool = False) -> None:
        """Withdraw a task and delete its files, as far as the server can be reached now.

        revoke: it may not have begun, and need not.
        """
        with suppress(Unreachable, TransientError, UserError):
            self.broker.withdraw(task)
            if revoke:
                with suppress(KombuError, OperationalError, OSError):
                    self._app.control.revoke(task, reply=False)
            self.transfer.delete(task)

    def forget_leftovers(self) -> int:
        """Withdraw the tasks that no job of this desktop is waiting for any more; return how many.

        Raises:
            Unreachable, FiError: the server cannot be reached.
        """
        desktop = self.link.desktop
        known = self.transfer.tasks(desktop) | set(self.broker.tasks(desktop))
        left = [task for task in known if not mark_of(self.link.jobs / str(job_of(task)), task).exists()]
        for task in left:
            self.forget(task, revoke=True)
        if left:
            log.event("CLUSTER_LEFTOVERS", tasks=len(left))
        return len(left)

    def _servers(self) -> Servers:
        found: list[Present] = []
        refused = other_protocol = other_root = 0
        workers, working = self.broker.survey()
        for name, said in workers:
            try:
                present = self.key.open(said, name).message
            except OtherProtocol:
                other_protocol += 1
                continue
            except (ValueError, KeyError, TypeError):
                refused += 1
                continue
            if not isinstance(present, Present):
                refused += 1
            elif present.root != self._identity():
                other_root += 1
            else:
                found.append(present)
        return Servers(tuple(found), refused, other_protocol, other_root, working)

    def _identity(self) -> str:
        if not self._root:
            self._root = self.transfer.identity()
        return self._root


@contextmanager
def reaching() -> Iterator[None]:
    """Turn an error of Redis in the block into one with a sentence."""
    try:
        yield
    except Unreachable as error:
        raise TransientError(messages.CLUSTER_UNREACHABLE, reason=type(error).__name__) from error


def mark_of(folder: Path, task: str) -> Path:
    """Return the file in a job's folder that says that a task is followed."""
    return folder / f"{task}{MARK}"


def marked_tasks(folder: Path) -> list[str]:
    """Return the tasks of a job that are, or were, followed."""
    found = (_MARK.fullmatch(path.name) for path in folder.glob(f"*{MARK}"))
    return [match[1] for match in found if match]
