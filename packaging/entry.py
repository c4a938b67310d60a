"""Entry point of the frozen program; its workers start here too, and stop at `freeze_support`."""

from multiprocessing import freeze_support

if __name__ == "__main__":
    freeze_support()  # before imports that a worker does not need: in a worker this call does not return
    import os
    import sys
    from pathlib import Path

    from platformdirs import user_data_path

    from fi_desktop.__main__ import main

    home = os.environ.get("FI_DESKTOP_HOME") or user_data_path("fi-desktop", appauthor=False)
    # pyannote.audio imports matplotlib, which would write its font cache to the home folder
    os.environ["MPLCONFIGDIR"] = str(Path(home, "cache", "matplotlib"))
    sys.exit(main())
