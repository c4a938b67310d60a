"""How recordings come in: dropped, pasted, chosen, or found in a folder that is watched."""
