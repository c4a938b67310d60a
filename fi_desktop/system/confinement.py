"""Gives up this process's rights for good: the files it may open, and the system calls it may make.

Linux only, by three means that need no privileges and pass on to child processes: `no_new_privs`, Landlock
(files) and seccomp (system calls). Each works alone, so a kernel without one still has the other. Elsewhere,
and on kernels with neither, the functions do nothing and return False.

Landlock restricts the calling thread and those it starts later: call `restrict_files` before any other thread
is started. Landlock can only ever narrow: a second call leaves what both allow.

https://docs.kernel.org/userspace-api/landlock.html
https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fi_desktop.system.call_numbers import AUDIT_ARCHITECTURE, OLD_ABI_FROM, call_numbers

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_SECCOMP_MODE_FILTER, _SET_MODE_FILTER, _FILTER_ALL_THREADS = 2, 1, 1
_GET_VERSION, _PATH_BENEATH = 1, 1

# Landlock's rights, by the version of its interface that introduced them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FOLDER, _REMOVE_FILE, _MAKE_FOLDER, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_ALL_OF_VERSION_1 = (1 << 13) - 1
_REFER, _TRUNCATE, _DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15
_TCP, _SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals of processes outside
_READ = _READ_FILE | _READ_FOLDER
_WRITE = _READ | _WRITE_FILE | _TRUNCATE | _MAKE_FILE | _MAKE_FOLDER | _REMOVE_FILE | _REMOVE_FOLDER
_DEVICE = _READ_FILE | _WRITE_FILE | _DEVICE_CONTROL
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL

_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_LOAD, _RETURN = 0x20, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_BITS = 0x15, 0x35, 0x45
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_CLONE_THREAD = 0x00010000
_TYPE_INTO_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

_Step = tuple[int, int, int, int]
"""An instruction: operation, how far to jump if so and if not, operand."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What this computer's kernel can enforce.

    Attributes:
        landlock: version of its interface; 0 without it.
        seccomp: whether system calls can be filtered.
    """

    landlock: int
    seccomp: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """The means that the kernel lacks."""
        return (() if self.landlock else ("Landlock",)) + (() if self.seccomp else ("seccomp",))


@cache
def confinement() -> Confinement:
    """Return what the kernel can enforce."""
    if sys.platform != "linux" or platform.machine() not in AUDIT_ARCHITECTURE:
        return Confinement(0, seccomp=False)
    version = _libc().syscall(_call("landlock_create_ruleset"), None, ctypes.c_size_t(0), _GET_VERSION)
    # the kernel refuses an empty filter's address only if it knows filters
    ctypes.set_errno(0)
    _libc().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0)
    return Confinement(max(0, version), seccomp=ctypes.get_errno() == errno.EFAULT)


def forbid_privileges() -> bool:
    """Ensure that no program this process starts has more rights than it: setuid programs lose theirs."""
    return sys.platform == "linux" and not _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def restrict_files(
    *,
    read: Iterable[Path] = (),
    write: Iterable[Path] = (),
    devices: Iterable[Path] = (),
    emptied: Iterable[Path] = (),
) -> bool:
    """Allow this thread to open these files, and those in these folders, and no others, from now on.

    A path that does not exist is left out. Folders in `emptied` can be removed once they are empty. Files
    that are open stay usable. From Linux 6.7 on, also forbids TCP, and from 6.12 on signals and abstract
    sockets to processes outside.

    Returns: whether the kernel did it.
    """
    version = confinement().landlock
    if not version:
        return False
    try:
        _restrict_files(version, {_READ: read, _WRITE: write, _DEVICE: devices, _REMOVE_FOLDER: emptied})
    except OSError:  # another sandbox that forbids this
        return False
    return True


def _restrict_files(version: int, allowed: Mapping[int, Iterable[Path]]) -> None:
    forbid_privileges()
    handled = _ALL_OF_VERSION_1
    handled |= _REFER * (version >= 2) | _TRUNCATE * (version >= 3) | _DEVICE_CONTROL * (version >= 5)
    attributes = struct.pack("=Q", handled)
    attributes += struct.pack("=Q", _TCP) if version >= 4 else b""
    attributes += struct.pack("=Q", _SCOPES) if version >= 6 else b""
    rules = _checked(_libc().syscall(_call("landlock_create_ruleset"), attributes, len(attributes), 0))
    try:
        for rights, paths in allowed.items():
            for path in paths:
                _allow(rules, path, rights & handled)
        _checked(_libc().syscall(_call("landlock_restrict_self"), rules, 0))
    finally:
        os.close(rules)


def restrict_calls(*, opens: bool, starts_processes: bool = False) -> bool:
    """Refuse system calls from now on, in all threads: sockets, programs, processes, and other processes.

    They fail with EPERM. New threads, and what engines do with memory, files and devices, stay possible.

    Args:
        opens: whether files can still be opened, created, renamed and deleted, by path.
        starts_processes: whether it can still fork, and signal other processes.

    Returns: whether the kernel did it.
    """
    if not confinement().seccomp:
        return False
    forbid_privileges()
    refused = set(_REFUSED) if opens else {*_REFUSED, *_BY_PATH}
    code = _filter(refused - _OF_PROCESSES if starts_processes else refused, processes=starts_processes)
    steps = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("=H6xQ", len(code) // 8, ctypes.addressof(steps))
    return not _libc().syscall(_call("seccomp"), _SET_MODE_FILTER, _FILTER_ALL_THREADS, program)


_REFUSED = (
    # the network, and local services such as D-Bus
    "socket", "connect", "bind", "listen", "accept", "accept4",
    # programs and processes
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp",
    "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_send_signal", "pidfd_getfd",
    "process_madvise", "process_mrelease", "migrate_pages", "move_pages", "setns", "unshare", "personality",
    # interfaces of the kernel with a history of holes, or for administrators
    "bpf", "keyctl", "add_key", "request_key", "perf_event_open", "userfaultfd", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "fanotify_init", "inotify_init", "inotify_init1", "modify_ldt",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon",
    "swapoff", "acct", "quotactl", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "lookup_dcookie", "mount", "umount2", "pivot_root", "chroot", "mount_setattr", "fsopen", "fsmount",
    "open_tree", "move_mount", "name_to_handle_at", "open_by_handle_at",
    # shared with other processes, and not by files
    "shmget", "msgget", "semget", "mq_open",
    # what Landlock leaves alone: files' rights, owners and times
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "setxattr",
    "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "utime", "utimes", "utimensat",
    "futimesat", "truncate",
)  # fmt: skip
_BY_PATH = (
    "open", "openat", "openat2", "creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir",
    "mkdirat", "rmdir", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "readlink",
    "readlinkat", "chdir", "socketpair", "memfd_create",
)  # fmt: skip
_OF_PROCESSES = {"fork", "vfork"}


def _filter(refused: set[str], *, processes: bool) -> bytes:
    """Return the program that the kernel runs at each system call.

    Each call that is refused costs two instructions, which skip to the next one if it is another call.
    """
    steps: list[_Step] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, AUDIT_ARCHITECTURE[platform.machine()]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *((_IF_AT_LEAST, 0, 1, OLD_ABI_FROM), (_RETURN, 0, 0, _KILL)),
    ]
    numbers = call_numbers(platform.machine())
    for name in sorted(refused):
        if name in numbers:
            steps += [(_IF_EQUAL, 0, 1, numbers[name]), _refuse(errno.EPERM)]
    own = os.getpid()
    if not processes:
        # glibc falls back to `clone`, whose flags a filter can read
        steps += [(_IF_EQUAL, 0, 1, numbers["clone3"]), _refuse(errno.ENOSYS)]
        steps += _by_argument(numbers["clone"], 0, (_IF_BITS, 1, 0, _CLONE_THREAD))
        steps += _by_argument(numbers["kill"], 0, (_IF_EQUAL, 1, 0, own))
    steps += _by_argument(numbers["tgkill"], 0, (_IF_EQUAL, 1, 0, own))
    steps += _by_argument(numbers["prlimit64"], 0, (_IF_EQUAL, 2, 0, own), (_IF_EQUAL, 1, 0, 0))
    steps += _by_argument(numbers["prctl"], 0, (_IF_EQUAL, 0, 1, _PR_SET_DUMPABLE))
    first, second = _TYPE_INTO_TERMINAL
    steps += _by_argument(numbers["ioctl"], 1, (_IF_EQUAL, 1, 0, first), (_IF_EQUAL, 0, 1, second))
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _by_argument(number: int, argument: int, *tests: _Step) -> list[_Step]:
    """Return the steps for a call that is refused or not by the lower half of one of its arguments.

    tests: jump into the refusal that follows them, or over it.
    """
    body = [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument), *tests, _refuse(errno.EPERM)]
    return [(_IF_EQUAL, 0, len(body) + 1, number), *body, (_LOAD, 0, 0, _NUMBER_AT)]


def _refuse(code: int) -> _Step:
    return (_RETURN, 0, 0, _FAIL | code)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, handle)
        _checked(_libc().syscall(_call("landlock_add_rule"), rules, _PATH_BENEATH, rule, 0))
    finally:
        os.close(handle)


def _call(name: str) -> int:
    return call_numbers(platform.machine())[name]


@cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "the kernel refused to confine this process")
    return result
