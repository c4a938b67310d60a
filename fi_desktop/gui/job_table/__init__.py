"""The table of jobs: what it knows of each, how it is ordered, and how it is drawn."""
