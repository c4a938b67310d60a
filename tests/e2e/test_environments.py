"""The window on a laptop's screen at 125 %, with Noto Sans 9 pt, and with a screen reader."""

import sys
from pathlib import Path

import pytest

from tests.gui.environments import ENVIRONMENTS, run

GUI = Path(__file__).parent.parent / "gui"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="virtual screens need POSIX paths")
@pytest.mark.timeout(600)  # on a busy machine
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_window_works_in_other_environments(name):
    missing = ENVIRONMENTS[name].missing
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    # in Spanish, whose texts are longer; `make gui` runs both languages
    files = [str(file) for file in sorted(GUI.glob("test_*.py")) if "mark.look" in file.read_text("utf-8")]
    arguments = ["-q", "-m", "look", "-k", "not [en-", *files]  # reading all files takes seconds
    done = run(name, arguments, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stdout + done.stderr
