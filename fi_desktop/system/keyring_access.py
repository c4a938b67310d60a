"""The system's keyring: Secret Service, Keychain or DPAPI, by the library `keyring`.

It may wait for the person to unlock it, so none of this is called on the GUI's thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fi_desktop.system import log

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "fi-desktop"
_MIN_PRIORITY = 1  # recommended by keyring; backends below store plain files, or nothing


def available() -> bool:
    """Whether there is a secure keyring; it may be locked."""
    return _keyring() is not None


def read(account: str) -> str | None:
    """Return what is stored; None if nothing is, or it cannot be read."""
    backend = _keyring()
    if backend is None:
        return None
    try:
        return backend.get_password(SERVICE, account)
    except Exception as error:  # noqa: BLE001 backends raise anything, from D-Bus to ctypes errors
        log.event("KEYRING_FAILED", error=type(error).__name__)
        return None


def write(account: str, secret: str) -> bool:
    """Store something; return whether a keyring accepted it."""
    backend = _keyring()
    if backend is None:
        return False
    try:
        backend.set_password(SERVICE, account, secret)
    except Exception as error:  # noqa: BLE001 as above
        log.event("KEYRING_FAILED", error=type(error).__name__)
        return False
    return True


def delete(account: str) -> bool:
    """Delete what is stored; return whether something was."""
    backend = _keyring()
    if backend is None:
        return False
    try:
        backend.delete_password(SERVICE, account)
    except Exception as error:  # noqa: BLE001 as above; also raised if nothing is stored
        log.event("KEYRING_FAILED", error=type(error).__name__)
        return False
    return True


def _keyring() -> KeyringBackend | None:
    """Return the system's keyring; None if no backend is secure."""
    import keyring

    chosen = keyring.get_keyring()
    # a chained keyring would fall back to a weak backend
    candidates = getattr(chosen, "backends", [chosen])
    return next((backend for backend in candidates if backend.priority >= _MIN_PRIORITY), None)
