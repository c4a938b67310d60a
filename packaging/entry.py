"""Where the frozen program begins; its workers begin here too, and go no further than `freeze_support`."""

from multiprocessing import freeze_support

if __name__ == "__main__":
    freeze_support()  # before any import that a worker can do without: what it was started for never returns
    import os
    import sys
    from pathlib import Path

    from platformdirs import user_data_path

    from fi_desktop.__main__ import main

    home = os.environ.get("FI_DESKTOP_HOME") or user_data_path("fi-desktop", appauthor=False)
    # pyannote.audio imports matplotlib, which would keep its list of fonts among the person's own files
    os.environ["MPLCONFIGDIR"] = str(Path(home, "cache", "matplotlib"))
    sys.exit(main())
