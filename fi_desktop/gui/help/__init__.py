"""Help: the keys, and what the program is made of."""
