"""Recordings of the kinds that people report in public, through the whole program.

`make cases` runs them. Scripts outside the repository make them from the project's sample, with ffmpeg and
sox; without these there is nothing to run. The suite proves the
same kinds on shorter recordings that it makes itself.
"""
