"""Kill a process that rotates the keys of a home, and check that every job's key is there.

Each round the process rotates, or changes the passphrase, again and again, and is killed by SIGKILL at a
random moment. Then the vault opens with the old passphrase or the new one, has all keys as they were, and no
file of an unfinished rotation is left.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.vault.vault import Vault
from tests.crash.harness import Broken

PASSPHRASES = ("caballo grapa pila", "lámpara tren azul")
_JOBS = 400
_LONGEST_S = 0.05  # after the last rotation that is waited for
_MOST_WAITED_FOR = 4
_TRIES = 30

_ROTATE = """
import sys
from itertools import cycle
from pathlib import Path
from fi_desktop.core.errors import UserError
from fi_desktop.vault.vault import Vault
vault = Vault(Path(sys.argv[1]), owner=True)
passphrases = cycle(sys.argv[2:])
try:
    vault.unlock(next(passphrases))
except UserError:
    vault.unlock(next(passphrases))
print("ready", flush=True)
for number in range(1_000_000):
    if number % 3 == 2:
        vault.change_lock(keyring=False, passphrase=next(passphrases))
    else:
        vault.rotate()
    print(vault.state.generation, flush=True)
"""


@dataclass
class RotationFigures:
    """The outcome of all rounds; generation: of the keys, at the end."""

    rounds: int = 0
    generation: int = 0


class RotationHarness:
    """Rotates the keys of one home, and is killed.

    Attributes:
        figures: of the rounds so far.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        """Make a vault with keys in a new folder."""
        self.figures = RotationFigures()
        self._folder = folder
        self._rng = random.Random(seed)
        vault = Vault.create(folder, keyring=False, passphrase=PASSPHRASES[0])
        for job in range(1, _JOBS):
            vault.new_job(job)
        self._known = _keys(vault)
        vault.close()

    def run(self, rounds: int) -> RotationFigures:
        """Run rounds.

        Raises:
            Broken: a key was lost or changed.
        """
        for _ in range(rounds):
            self._kill()
            self._check()
            self.figures.rounds += 1
        return self.figures

    def _kill(self) -> None:
        command = [sys.executable, "-c", _ROTATE, str(self._folder), *PASSPHRASES]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            if child.stdout.readline() != "ready\n":
                return  # killed by the system, or short of memory: `_check` says what became of the keys
            for _ in range(self._rng.randrange(_MOST_WAITED_FOR)):
                child.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                child.wait(self._rng.random() * _LONGEST_S)
            child.kill()

    def _check(self) -> None:
        vault = Vault(self._folder, owner=True)
        try:
            try:
                _unlock(vault, PASSPHRASES[0])
            except UserError:
                _unlock(vault, PASSPHRASES[1])
            if _keys(vault) != self._known:
                raise Broken("keys were lost or changed")
            self.figures.generation = vault.state.generation
        finally:
            vault.close()
        if len(list(self._folder.glob("keys-*.bin"))) != 1:
            raise Broken("a file of an unfinished rotation is left")


def _unlock(vault: Vault, passphrase: str) -> None:
    """Unlock a vault, although other rounds may use up the memory for a moment."""
    for _ in range(_TRIES):
        try:
            vault.unlock(passphrase)
            return
        except TransientError:
            time.sleep(1.0)
    raise Broken("there is not enough memory for a passphrase")


def _keys(vault: Vault) -> dict[int, bytes | None]:
    return {job: vault.files(job).key for job in vault.jobs()}
