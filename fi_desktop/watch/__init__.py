"""Taking recordings in without a person at each: profiles, and folders that are watched. Knows no Qt."""
