"""The project: wires the apps together and holds the two ground floors they stand on (mail, charts)."""

from naatbatt.celery import app as celery_app

__all__ = ["celery_app"]
