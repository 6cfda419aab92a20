"""The real settings, made quick and quiet where that changes no behaviour under test.

Tests run as if in an empty environment: of the variables that the site reads, only DATABASE_URL and REDIS_URL are
heeded (`python -m tests.stores` sets them). Everything is kept in a folder of this test run's own.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

for _line in (Path(__file__).parent.parent / ".env.example").read_text().splitlines():
    if (_found := re.match(r"#?\s?([A-Z_]+)=", _line)) and _found[1] not in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(_found[1], None)
os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="naatbatt-tests-")
os.environ["REDIS_PREFIX"] = f"naatbatt-tests-{os.getpid()}"  # workers share one Redis without meeting in it
atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)

from naatbatt.settings import *  # noqa: E402, F403
from naatbatt.settings import DATABASES, REDIS_URL, VAR_DIR  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as on the embedded site: threads, the live server and a worker beside the tests have connections of their
    # own and meet the same locks.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
if not REDIS_URL:
    CELERY_BROKER_URL = "memory://"  # stories that need a worker start a real one themselves
    CELERY_BROKER_TRANSPORT_OPTIONS = {}
