"""The person's Hugging Face token, kept in the system's keyring; never in a file, a log or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fi_desktop.system import log

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "fi-desktop"
_ACCOUNT = "huggingface.co"
_MIN_PRIORITY = 1  # recommended by keyring; backends below store plain files, or nothing


def recall() -> str | None:
    """Return the stored token; None if there is no token or no keyring."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        return keyring.get_password(_SERVICE, _ACCOUNT)
    except Exception as error:  # noqa: BLE001 backends raise anything, from D-Bus to ctypes errors
        log.event("MODELS_KEYRING_FAILED", error=type(error).__name__)
        return None


def keep(token: str) -> bool:
    """Store a token; return whether a keyring accepted it."""
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
    """Delete the token; return whether one was stored."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.delete_password(_SERVICE, _ACCOUNT)
    except Exception as error:  # noqa: BLE001 as above; also raised if no token is stored
        log.event("MODELS_KEYRING_FAILED", error=type(error).__name__)
        return False
    return True


def _keyring() -> KeyringBackend | None:
    """Return the system's keyring; None if no backend is secure."""
    import keyring

    chosen = keyring.get_keyring()
    # a chained keyring would fall back to a weak backend
    candidates = getattr(chosen, "backends", [chosen])
    return next((backend for backend in candidates if backend.priority >= _MIN_PRIORITY), None)
