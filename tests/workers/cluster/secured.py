"""A server as docs/cluster.md sets it up, for tests: Redis with TLS and users, and SFTP with known hosts.

`packaging/server/prepare.sh` makes the certificates, users and key; `redis.conf` and `users.acl.in` of the
same folder are used as they are, but for the paths and the port.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.workers.cluster.clinic import MISSING, Clinic, agreed_to, until

SERVER = Path(__file__).resolve().parents[3] / "packaging" / "server"
STRANGER_UID = 64_321
"""Of the worker's account, if it has a separate one."""

NO_SSH = "" if shutil.which("sshd") or Path("/usr/sbin/sshd").exists() else "openssh-server is not installed"
"""Why there can be no SFTP; "" if there can."""


class SecuredClinic(Clinic):
    """A server with TLS and users.

    Attributes:
        etc: what `prepare.sh` wrote.
        sftp: the server's SFTP; None: the folder for transfers is mounted.
        account: what `other_account` found, for the worker; None: it runs as this account.
        model: of words, for the workers; None: they have none.
        seen_at: the port at which desktops and workers find Redis.
        url_of_transfer: fsspec URL of the folder for transfers.
    """

    def __init__(
        self, folder: Path, *, sftp: SftpServer | None = None, account: tuple[str, str] | None = None
    ) -> None:
        etc = folder / "etc"
        super().__init__(folder)
        script = ["sh", str(SERVER / "prepare.sh"), "localhost", str(etc), str(self.port)]
        subprocess.run(script, check=True, stdout=subprocess.DEVNULL)
        self.etc, self.key = etc, etc / "desktop" / "key"
        self.sftp, self.account = sftp, account
        self.model: Path | None = None
        self.seen_at = self.port
        self.url_of_transfer = sftp.url(self.transfer) if sftp is not None else self.transfer.as_uri()

    @property
    def certificates(self) -> Path:
        """The file with the certificate of the server's own authority."""
        return self.etc / "ca" / "ca.crt"

    @property
    def url(self) -> str:
        """Where the worker finds Redis."""
        return self._at(self.environment("worker/worker.env")["FI_DESKTOP_BROKER"])

    def _at(self, url: str) -> str:
        assert f":{self.port}/" in url
        return url.replace(f":{self.port}/", f":{self.seen_at}/")

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables in a file that `prepare.sh` wrote."""
        lines = (self.etc / name).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def settings(self, **others: object) -> dict[str, Any]:
        """Return the settings of a desktop that uses this server."""
        written = tomllib.loads((self.etc / "desktop" / "settings.toml").read_text())
        return agreed_to(
            {
                "send_recordings": True,
                "broker": self._at(written["broker"]),
                "broker_certificates": str(self.certificates),
                "cluster_key": str(self.key),
                "transfer": self.url_of_transfer,
                "server_jobs": 1,
                **others,
            }
        )

    def start_redis(self) -> None:
        """Start Redis, with what it had on disk."""
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        text = (SERVER / "redis.conf").read_text()
        changed = {
            "/etc/fi-desktop": str(self.etc),
            "/var/lib/redis": str(data),
            "tls-port 6380": f"tls-port {self.port}\nbind 127.0.0.1\nlogfile {data / 'log'}",
        }
        for old, new in changed.items():
            assert old in text
            text = text.replace(old, new)
        (self.folder / "redis.conf").write_text(text)
        self.redis = subprocess.Popen(["redis-server", str(self.folder / "redis.conf")])
        self.client.ping()

    @property
    def client(self) -> Any:
        """A connection to Redis as its administrator, once it answers."""
        client = self.connection("admin", (self.etc / "admin.password").read_text().strip())
        until(lambda: _pings(client))
        return client

    def connection(self, user: str, password: str, *, port: int = 0) -> Any:
        """Return a connection to Redis; nothing is sent yet."""
        import redis

        return redis.Redis(
            "localhost",
            port or self.port,
            username=user,
            password=password,
            ssl=True,
            ssl_ca_certs=str(self.certificates),
            ssl_check_hostname=True,
            socket_timeout=5,
        )

    def user(self, name: str) -> Any:
        """Return a connection to Redis as the desktop, worker or flower."""
        match name:
            case "desktop":
                url = self.settings()["broker"]
            case "worker":
                url = self.url
            case _:
                url = re.findall(r'"(rediss:.*)"', (self.etc / "flower" / "celeryconfig.py").read_text())[0]
        return self.connection(name, urlsplit(url).password or "")

    def start_worker(
        self, *, processes: int = 1, program: tuple[str, ...] = ("-m", "fi_desktop"), **env: str
    ) -> None:
        """Start a Celery worker on its own data folder, as its own account if possible."""
        home = self.folder / f"worker-{self._started}"
        self._started += 1
        home.mkdir(exist_ok=True)
        account: dict[str, Any] = {}
        python, path = sys.executable, os.environ.get("PYTHONPATH", "")
        if self.account is not None:
            python, path = self.account
            account = {"user": STRANGER_UID, "group": STRANGER_UID, "extra_groups": []}
        if self.sftp is not None:
            self.sftp.welcome(home)
        if self.model is not None:
            shutil.copytree(self.model, home / "data" / "models" / self.model.name)
        self._give(home, account.get("user"))
        settings = self.environment("worker/worker.env") | {
            "FI_DESKTOP_BROKER": self.url,
            "FI_DESKTOP_TRANSFER": self.url_of_transfer,
            "FI_DESKTOP_CLUSTER_KEY": str(home / "key"),
            "FI_DESKTOP_BROKER_CERTIFICATES": str(home / "ca.crt"),
            "FI_DESKTOP_HOME": str(home / "data"),
            "HOME": str(home),
            "PYTHONPATH": path,
        }
        report = (self.folder / f"{home.name}.log").open("ab")
        with report:
            process = subprocess.Popen(
                [python, *program, "worker", "--concurrency", str(processes)],
                stdout=report,
                stderr=report,
                cwd=home,
                env=os.environ | settings | env,
                start_new_session=True,
                **account,
            )
        self.workers.append(process)
        until(lambda: process.poll() is not None or self._is_there(process.pid))
        assert process.poll() is None, (self.folder / f"{home.name}.log").read_text()

    def _give(self, home: Path, uid: int | None) -> None:
        """Give the worker's folder what its account needs, and give it to that account."""
        for name in ("key", "ca.crt"):
            shutil.copyfile(self.etc / "worker" / name, home / name)
            (home / name).chmod(0o600)
        if uid is None:
            return
        for path in (home, *home.rglob("*")):
            os.chown(path, uid, uid)
        self.folder.chmod(0o711)  # the account may pass
        if self.sftp is None:
            os.chown(self.transfer, uid, uid)

    def acl_log(self) -> list[str]:
        """Return what users were refused: user, reason and object."""
        return [
            f"{entry['username']} {entry['reason']} {entry['object']}"
            for entry in self.client.acl_log()
            if entry["reason"] != "auth"
        ]


def other_account() -> tuple[str, str] | None:
    """Return a Python that another account can run, and its PYTHONPATH; None if there is not."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return None
    path = os.pathsep.join(entry for entry in sys.path if entry)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}"):
        code = "import fi_desktop.workers.cluster.celery_worker, av, ctranslate2"
        with suppress(OSError):
            tried = subprocess.run(
                [python, "-c", code],
                user=STRANGER_UID,
                group=STRANGER_UID,
                extra_groups=[],
                cwd="/",
                env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
                capture_output=True,
                check=False,
            )
            if tried.returncode == 0:
                return python, path
    return None


class SftpServer:
    """A real sshd on a free port of this computer, with separate keys, for this account.

    Attributes:
        port: of the server.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        for name in ("host", "client", "stranger"):
            make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(folder / name)]
            subprocess.run(make, check=True)
        shutil.copyfile(folder / "client.pub", folder / "authorized")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        lines = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": folder / "host",
            "AuthorizedKeysFile": folder / "authorized",
            "PidFile": "none",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "StrictModes": "no",
            "UsePAM": "no",
            "Subsystem": "sftp internal-sftp",
            "ForceCommand": "internal-sftp",
            "LogLevel": "ERROR",
        }
        (folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        sshd = shutil.which("sshd") or "/usr/sbin/sshd"
        with (folder / "log").open("wb") as log:
            command = [sshd, "-D", "-e", "-f", str(folder / "sshd_config")]
            self._process = subprocess.Popen(command, stderr=log)
        until(lambda: listens(self.port))

    def url(self, folder: Path) -> str:
        """Return the fsspec URL of a folder."""
        return f"sftp://{getpass.getuser()}@localhost:{self.port}{folder}"

    def welcome(self, home: Path, *, host_key: str = "host") -> None:
        """Give the account with this home folder a key for the server, and the server's host key."""
        ssh = home / ".ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(self._folder / "client", ssh / "id_ed25519")
        (ssh / "id_ed25519").chmod(0o600)
        kind, key, *_ = (self._folder / f"{host_key}.pub").read_text().split()
        (ssh / "known_hosts").write_text(f"[localhost]:{self.port} {kind} {key}\n")

    def stop(self) -> None:
        """Stop it, with its sessions."""
        for child in psutil.Process(self._process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self._process.terminate()
        self._process.wait()


@contextmanager
def running_sftp(folder: Path) -> Iterator[SftpServer]:
    """Run an SFTP server."""
    if NO_SSH:
        pytest.skip(NO_SSH)
    server = SftpServer(folder)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def running_secured_clinic(folder: Path, *, sftp: SftpServer | None = None) -> Iterator[SecuredClinic]:
    """Run a server with one Celery worker."""
    if MISSING:
        pytest.skip(MISSING)
    clinic = SecuredClinic(folder, sftp=sftp)
    try:
        clinic.start_redis()
        clinic.start_worker()
        yield clinic
    finally:
        clinic.stop()


def _pings(client: Any) -> bool:
    import redis

    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def listens(port: int) -> bool:
    """Whether something on this computer accepts connections at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
