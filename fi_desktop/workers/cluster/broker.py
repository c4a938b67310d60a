"""Redis: Celery's application; and claims, reports and workers, which are kept there too.

    fi:claim:TASK     hash    the desktop still wants the task; how often a worker received it
    fi:reports:TASK   stream  what the server reports about it
    fi:running:TASK   string  the process that works on it; expires when that is gone
    fi:worker:NAME    string  a worker is there; expires when it is gone

A desktop that no longer wants an attempt deletes its claim: a task without one is not run. Everything
expires, so that nothing is left if a side is never seen again.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from typing import Any, cast

import redis
from celery import Celery
from redis.backoff import NoBackoff
from redis.retry import Retry

from fi_desktop.workers.cluster.link import BrokerPlace
from fi_desktop.workers.cluster.orders import Envelope

Unreachable = redis.RedisError
"""Redis cannot be reached, or refuses."""

QUEUE = "fi-desktop"
"""The queue of tasks, unless another one is chosen."""

_VISIBLE_S = 48 * 3600
"""After this time, Redis delivers a task again: more than the longest recording may take."""
_RESULT_S = 3600
_TIMEOUT_S = 5.0
_CLAIM_S = 3 * 24 * 3600
"""How long a claim without a desktop, and its reports, are kept."""
_MOST_REPORTS = 10_000
_RUNNING_MS = 6_000
PRESENT_S = 20
"""How long a worker counts as there after it last said so, seconds."""
_READ_AT_ONCE = 500
_WORKER = "fi:worker:"

# sets the key again only for the process that has it, or if nobody has it
_HOLD = """
local holder = redis.call('GET', KEYS[1])
if holder == false or holder == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return 1
end
return 0
"""


def celery_app(place: BrokerPlace, queue: str = QUEUE, *, results: bool = True) -> Celery:
    """Return the Celery application; nothing is connected yet.

    results: it stores, or reads, what tasks return; a desktop has no use for that.
    """
    app = Celery("fi_desktop", set_as_current=False)
    app.conf.update(
        broker_url=place.url,
        broker_use_ssl=_certificates(place) or None,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": _VISIBLE_S,
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "socket_keepalive": True,
        },
        # Flower shows the state of a task; what a task returns is a word
        result_backend=place.url if results else "disabled://",
        redis_backend_use_ssl=_certificates(place) or None,
        result_expires=_RESULT_S,
        result_backend_transport_options={"retry_policy": {"timeout": 30.0}},
        result_backend_always_retry=True,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_default_queue=queue,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_track_started=True,
        task_send_sent_event=True,
        task_create_missing_queues=True,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_enable_soft_shutdown_on_idle=False,
        enable_utc=True,
    )
    return app


def _certificates(place: BrokerPlace) -> dict[str, Any]:
    """Return how Celery is to check the certificate of Redis; empty without TLS."""
    if not place.encrypted:
        return {}
    found: dict[str, Any] = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    if place.certificates:
        found["ssl_ca_certs"] = place.certificates
    return found


class Broker:
    """A connection to Redis. Every method may raise `Unreachable`."""

    def __init__(self, place: BrokerPlace) -> None:
        """Prepare; nothing is connected yet."""
        self._redis = redis.Redis.from_url(
            place.url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            # callers decide how long they wait for Redis
            retry=Retry(NoBackoff(), 0),
            **place.tls,
        )
        self._hold = self._redis.register_script(_HOLD)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def ping_s(self) -> float:
        """Return how long Redis takes to answer, seconds."""
        began = time.perf_counter()
        self._redis.ping()
        return time.perf_counter() - began

    def version(self) -> str:
        """Return the version of Redis; "" if this user may not ask."""
        try:
            return str(cast(Any, self._redis.info("server"))["redis_version"])
        except (redis.ResponseError, KeyError):
            return ""

    def depth(self, queue: str) -> int:
        """Return how many tasks wait in a queue."""
        return int(cast(Any, self._redis.llen(queue)))

    def commands_s(self) -> float | None:
        """Return how many commands Redis carries out a second; None if this user may not ask."""
        try:
            return float(cast(Any, self._redis.info("stats"))["instantaneous_ops_per_sec"])
        except (redis.ResponseError, KeyError):
            return None

    # ---- claims

    def offer(self, task: str) -> None:
        """Want a task."""
        with self._redis.pipeline() as pipe:
            pipe.hset(_claim(task), "wanted", "1")
            pipe.expire(_claim(task), _CLAIM_S)
            pipe.execute()

    def wanted(self, task: str) -> bool:
        """Whether a task is wanted."""
        return bool(self._redis.exists(_claim(task)))

    def withdraw(self, task: str) -> None:
        """No longer want a task, and forget what was reported."""
        self._redis.delete(_claim(task), _reports(task))

    def count_delivery(self, task: str) -> int:
        """Count that a worker received a task; return how often that was."""
        with self._redis.pipeline() as pipe:
            pipe.hincrby(_claim(task), "deliveries", 1)
            pipe.expire(_claim(task), _CLAIM_S)
            return int(pipe.execute()[0])

    def hold(self, task: str, holder: str) -> bool:
        """Say that this process works on a task, for a few seconds; False if another one does."""
        return bool(self._hold(keys=[_running(task)], args=[holder, _RUNNING_MS]))

    def let_go(self, task: str) -> None:
        """Nobody works on a task any more."""
        self._redis.delete(_running(task))

    def tasks(self, desktop: str) -> Iterator[str]:
        """Yield the tasks of a desktop that are wanted."""
        for name in self._redis.scan_iter(match=_claim(f"{desktop}-*"), count=1000):
            yield name.decode("ascii").removeprefix(_claim(""))

    # ---- reports

    def report(self, task: str, envelopes: list[dict[str, Any]]) -> None:
        """Report about a task; nothing is written if it is no longer wanted."""
        if not self.wanted(task):
            return
        with self._redis.pipeline() as pipe:
            for envelope in envelopes:
                pipe.xadd(_reports(task), {"said": _dumped(envelope)}, maxlen=_MOST_REPORTS, approximate=True)
            pipe.expire(_reports(task), _CLAIM_S)
            pipe.execute()

    def reports(self, task: str, after: str, wait_ms: int) -> list[tuple[str, Any]]:
        """Return the reports about a task after one of them, oldest first; wait for some if there are none.

        after: id of the last one that was read; "0" for all.
        """
        found = cast(
            list[Any], self._redis.xread({_reports(task): after}, count=_READ_AT_ONCE, block=max(1, wait_ms))
        )
        entries = found[0][1] if found else []
        return [(number.decode("ascii"), _loaded(fields.get(b"said", b""))) for number, fields in entries]

    # ---- workers

    def announce(self, name: str, envelope: dict[str, Any]) -> None:
        """Say that a worker is there."""
        self._redis.set(f"{_WORKER}{name}", _dumped(envelope), ex=PRESENT_S)

    def leave(self, name: str) -> None:
        """Say that a worker is no longer there."""
        self._redis.delete(f"{_WORKER}{name}")

    def survey(self) -> tuple[list[tuple[str, Any]], int]:
        """Return the workers that are there, by name with what they said, and how many tasks they have.

        Both from one look through the keys: of tasks that have ended, many are left for an hour.
        """
        workers, working = [], 0
        for key in self._redis.scan_iter(match="fi:[rw][uo][nr][nk]*", count=1000):
            name = key.decode("utf-8")
            if name.startswith(_running("")):
                working += 1
            elif name.startswith(_WORKER) and (said := cast(Any, self._redis.get(key))) is not None:
                workers.append((name.removeprefix(_WORKER), _loaded(said)))
        return workers, working


def is_newer(envelope: Envelope, last: tuple[int, int]) -> bool:
    """Whether a report comes after one with this delivery and number."""
    return (envelope.delivery, envelope.number) > last


def _claim(task: str) -> str:
    return f"fi:claim:{task}"


def _reports(task: str) -> str:
    return f"fi:reports:{task}"


def _running(task: str) -> str:
    return f"fi:running:{task}"


def _dumped(envelope: dict[str, Any]) -> bytes:
    return json.dumps(envelope, separators=(",", ":")).encode("ascii")


def _loaded(said: bytes) -> Any:
    """Return JSON values; None for what is not JSON: its signature will not be right."""
    try:
        return json.loads(said)
    except ValueError:
        return None
