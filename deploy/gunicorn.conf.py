"""The web server behind nginx. The number of processes is gunicorn's own variable, WEB_CONCURRENCY."""

import gc
import os
from typing import Any

bind = "127.0.0.1:8000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
timeout = 30
graceful_timeout = 20
# Now and then a process is replaced, so that no leak grows for ever; not all in the same minute.
max_requests = 5000
max_requests_jitter = 500
worker_tmp_dir = "/dev/shm"  # noqa: S108  (memory: a heartbeat never waits for a disk)
umask = 0o022  # nginx reads the pictures that are uploaded here
control_socket_disable = True
# Paths can be personal links: nginx keeps the access log, and leaves those out.
accesslog = None


def post_worker_init(worker: Any) -> None:
    """What was loaded stays: the collector of garbage need not look through it over and over, while somebody waits.

    A page makes some thousands of short-lived things, so looking after every seven hundred finds next to nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
