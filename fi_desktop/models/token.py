"""The person's Hugging Face token, in the system's keyring; never in a file of ours, a log or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fi_desktop.system import log

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "fi-desktop"
_ACCOUNT = "huggingface.co"
_LEAST_PRIORITY = 1  # what keyring itself recommends; below are those that write plain files, and none at all


def recall() -> str | None:
    """Return the token that was kept; None where there is none, or no keyring."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        return keyring.get_password(_SERVICE, _ACCOUNT)
    except Exception as error:  # noqa: BLE001 backends raise what they like, from D-Bus to ctypes
        log.event("MODELS_KEYRING_FAILED", error=type(error).__name__)
        return None


def keep(token: str) -> bool:
    """Keep a token; return whether there is a keyring that took it."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, _ACCOUNT, token)
    except Exception as error:  # noqa: BLE001 as above
        log.event("MODELS_KEYRING_FAILED", error=type(error).__name__)
        return False
    return True


def forget() -> bool:
    """Delete the token; return whether there was one."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.delete_password(_SERVICE, _ACCOUNT)
    except Exception as error:  # noqa: BLE001 as above; also raised where there was none
        log.event("MODELS_KEYRING_FAILED", error=type(error).__name__)
        return False
    return True


def _keyring() -> KeyringBackend | None:
    """Return the system's keyring; None where there is none that keeps secrets secret."""
    import keyring

    chosen = keyring.get_keyring()
    candidates = getattr(
        chosen, "backends", [chosen]
    )  # several are chained; a chain would fall back on a weak one
    return next((backend for backend in candidates if backend.priority >= _LEAST_PRIORITY), None)
