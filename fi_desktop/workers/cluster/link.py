"""Where the server is, by the settings: Redis, the folder for transfers, and the key.

The app itself reads only this module of the cluster. It imports neither Celery nor Redis, and connects to
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.settings import Settings
from fi_desktop.workers.cluster.desktop_id import desktop_id

__all__ = [
    "BrokerPlace",
    "ClusterLink",
    "agreement",
    "check_link",
    "checked_place",
    "destination",
    "is_agreement_missing",
    "link_of",
    "wants_local",
    "wants_server",
]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NEEDED = ("celery", "redis", "fsspec")


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Where Redis is, and how it is recognised.

    Attributes:
        url: redis:// or rediss://, with the user and password of the ACL.
        certificates: file with the certificates that vouch for it; "": those of this computer.
    """

    url: str
    certificates: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.url.startswith("rediss://")

    @property
    def host(self) -> str:
        """The server's name, for people."""
        return urlsplit(self.url).hostname or ""

    @property
    def tls(self) -> dict[str, Any]:
        """Return what both clients of Redis need for TLS; empty without."""
        if not self.encrypted:
            return {}
        found: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
        if self.certificates:
            found["ssl_ca_certs"] = self.certificates
        return found


def checked_place(url: str, certificates: str = "", *, unencrypted: bool = False) -> BrokerPlace:
    """Return where Redis is.

    unencrypted: a connection without TLS may leave this computer.

    Raises:
        UserError: the URL is none of Redis, or leaves this computer without TLS.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and "?" not in url
        usable = usable and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UserError(messages.SETTINGS_BROKER)
    if parts.scheme == "redis" and parts.hostname not in _LOOPBACK and not unencrypted:
        raise UserError(messages.SETTINGS_BROKER_UNENCRYPTED)
    return BrokerPlace(url, certificates)


@dataclass(frozen=True, slots=True)
class ClusterLink:
    """All that a relay needs to know.

    Attributes:
        place: where Redis is.
        key: file with the key that desktops and servers share.
        transfer: fsspec URL of the folder for recordings and results.
        queue: Celery's queue.
        desktop: tells this data folder from those of other desktops.
        jobs: the folder of the jobs' folders.
        logs: the folder of the app's log.
        lost_after_s: a server that is silent for this long does not do the job any more.
    """

    place: BrokerPlace
    key: Path
    transfer: str = field(repr=False)
    queue: str
    desktop: str
    jobs: Path
    logs: Path
    lost_after_s: float


def wants_server(settings: Settings) -> bool:
    """Whether recordings are to be processed on the server, too."""
    return settings.backend in ("cluster", "both")


def wants_local(settings: Settings) -> bool:
    """Whether recordings are to be processed on this computer, too."""
    return settings.backend in ("local", "both")


def destination(settings: Settings) -> str:
    """Return where recordings go, as people agree to it: the server, and the folder for transfers.

    Names of users and passwords are left out. "" if the settings do not say it.
    """
    try:
        server, transfer = urlsplit(settings.broker).hostname, urlsplit(settings.transfer)
        host = transfer.hostname or ""
    except ValueError:
        return ""
    if not server or not transfer.scheme:
        return ""
    folder = transfer.path if transfer.scheme == "file" else ""
    return f"{server} {transfer.scheme}://{host}{folder}"


def agreement(settings: Settings) -> dict[str, Any]:
    """Return the settings to change if people agree that recordings go there; values by name."""
    changes: dict[str, Any] = {"agreed_server": destination(settings)}
    if not settings.send_recordings:
        changes["send_recordings"] = True
    return changes


def is_agreement_missing(settings: Settings) -> bool:
    """Whether people here have to be asked before recordings are sent, and may be."""
    place, policy = destination(settings), settings.policy
    may_agree = not policy.fixes("agreed_server")
    may_send = settings.send_recordings or not policy.fixes("send_recordings")
    asks = wants_server(settings) and bool(place and settings.cluster_key)
    return asks and settings.agreed_server != place and may_agree and may_send


def check_link(settings: Settings) -> BrokerPlace:
    """Check that recordings may be sent to the server, as far as the settings say; return where Redis is.

    Raises:
        UserError: the settings do not say where it is, nobody has agreed that recordings go there, or what it
            needs is not installed.
    """
    if not (settings.broker and settings.transfer and settings.cluster_key):
        raise UserError(messages.CLUSTER_INCOMPLETE)
    place = checked_place(
        settings.broker, settings.broker_certificates, unencrypted=settings.broker_unencrypted
    )
    if not (server := destination(settings)):
        raise UserError(messages.SETTINGS_TRANSFER)
    if settings.agreed_server != server:
        raise UserError(messages.CLUSTER_NOT_AGREED_TO, server=place.host)
    if not settings.send_recordings:
        raise UserError(messages.CLUSTER_NOT_AGREED)
    if any(find_spec(name) is None for name in _NEEDED):
        raise UserError(messages.CLUSTER_NOT_INSTALLED)
    return place


def link_of(settings: Settings) -> ClusterLink:
    """Return how to reach the server.

    Raises:
        UserError: see `check_link`.
    """
    return ClusterLink(
        check_link(settings),
        Path(settings.cluster_key),
        settings.transfer,
        settings.cluster_queue,
        desktop_id(settings.home),
        settings.jobs,
        settings.logs,
        settings.stuck_after_s,
    )
