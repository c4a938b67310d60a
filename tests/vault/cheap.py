"""Passphrases that cost little to try, for tests in which it does not matter what they cost.

A vault keeps the cost in its state, so it is opened as cheaply by other processes.
"""

from __future__ import annotations

from fi_desktop.vault.vault_state import Argon2Cost

PLACE = "fi_desktop.vault.vault.Argon2Cost"
"""Where `cheap` is put."""


def cheap(salt: str) -> Argon2Cost:
    """Return a cost of a millisecond instead of a quarter of a second."""
    return Argon2Cost(salt, iterations=1, memory_kib=1_024)
