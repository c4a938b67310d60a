"""Writes a whole home in clear again and deletes its keys; goes on where it was interrupted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from fi_desktop.jobs.conversion import unseal_folder
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.sealed_rows import RowSeal
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import toml_file
from fi_desktop.system import log
from fi_desktop.vault.home_files import HomeFiles

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault


def unseal_home(store_folder: Path, folders: JobFolders, vault: Vault) -> None:
    """Unseal all files and the store, then delete the vault; nobody may have the store open.

    A program that is killed meanwhile leaves files of both kinds, which are all read, and a vault that says
    that it is being unsealed.

    Raises:
        UserError, TransientError, OSError: see `JobStore` and `unseal_folder`.
    """
    vault.set_mixed(mixed=True, unsealing=True)
    for job_id in vault.jobs():
        unseal_folder(folders.folder(job_id), vault.files(job_id))
    files = HomeFiles(folders.data_folder, lambda: vault)
    files.unseal_all()
    toml_file.move_to_clear(files)
    if store_folder.is_dir():
        store = JobStore(store_folder, vault)
        try:
            with store.transaction():
                store.convert(RowSeal())
            store.checkpoint()
        finally:
            store.close()
    shutil.rmtree(folders.index_place().folder, ignore_errors=True)
    vault.delete()
    log.event("UNSEALED")
