"""Other processes of the same person talk to the owner of the queue: proxy, server, lock."""
