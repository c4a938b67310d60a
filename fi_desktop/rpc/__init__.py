"""How other processes of the same account use the queue: the owner's lock and socket, server, client."""
