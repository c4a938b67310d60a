"""Recordings like those in public bug reports, through the whole program.

`make cases` runs them. Scripts outside the repository generate them from the bundled sample, with ffmpeg and
sox; without these, nothing runs. The test suite covers the same kinds with shorter recordings.
"""
