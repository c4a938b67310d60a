"""Sealing at rest: the keys of a home and of its jobs, and files that are sealed with them.

`vault.py` keeps the keys, `job_keys.py` stores those of the jobs, `job_files.py` reads and writes what they
seal, and `sealing.py` has the cryptography. Homes in clear load none of the last.
"""

from __future__ import annotations

from pathlib import Path

VAULT_FILE = "vault.json"
"""File name of a vault in its folder."""


def keys_folder(home: Path) -> Path:
    """Return the folder of a data folder's keys: not in it, so that copies of it do not contain them."""
    return home.with_name(f"{home.name}-keys")


def vault_exists(folder: Path) -> bool:
    """Whether there is a vault in a folder."""
    return (folder / VAULT_FILE).is_file()
