"""How the next recordings are done: chosen before they are handed in."""
