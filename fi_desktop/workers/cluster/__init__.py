"""The cluster: attempts that run on the clinic's server, by way of Celery and Redis.

The local store stays the truth. A slot of the pool whose worker is a *relay* (`relay.py`) decodes the
recording here, seals it, puts it where the server can get it, sends a Celery task, follows what the server
reports, and writes the result here before it says that the attempt is done. To the pool a relay is a worker
like any other: it speaks the protocol of the worker's pipe.

On the server, `fi-desktop worker` is a Celery worker (`celery_worker.py`). Each of its processes has one
confined worker process, the same as on a desktop (`server_attempt.py`).

Redis holds nothing that names a patient, nor a word: what is private in a message is sealed (`orders.py`),
and recordings and results travel as sealed files (`bundles.py`, `transfer.py`). Celery and Redis are
imported by relays and by the server only, never by the app.
"""
