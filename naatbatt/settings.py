"""All settings. Every environment variable is read here and nowhere else.

Without any variable the site runs on its embedded default: SQLite, Celery over a folder, mail as files, all under
`var/`. With `PRODUCTION=1` nothing is guessed: what a public site needs must be given. A wrong or missing value is
collected in `CONFIGURATION_PROBLEMS` and reported by `manage.py check` (naatbatt/checks.py) with the variable's name
and a remedy, rather than as a traceback from somewhere else.
"""

import os
import secrets
import ssl
import tempfile
from datetime import timedelta
from email.utils import formataddr
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from csp.constants import NONE, SELF
from django.http.request import validate_host

from naatbatt import environment

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

env = environment.Environment(os.environ)
CONFIGURATION_PROBLEMS = env.problems

PRODUCTION = env.production = env.flag("PRODUCTION")
DEBUG = env.flag("DEBUG")
if PRODUCTION and DEBUG:
    env.problem("DEBUG", "is on in production, where it would show settings and code to visitors", "Unset DEBUG.")
    DEBUG = False

# --- where things are kept -------------------------------------------------------------------------------------------

VAR_DIR = Path.cwd() / env.text("VAR_DIR", str(BASE_DIR / "var"))
try:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    if not os.access(VAR_DIR, os.W_OK | os.X_OK):
        raise PermissionError(0, "Permission denied")
except OSError as error:
    _reason = f"cannot be written ({error.strerror}: {VAR_DIR})"
    env.problem("VAR_DIR", _reason, "Point VAR_DIR at a folder that this user may write to.")
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "media/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
SEEDS_DIR = BASE_DIR / "seeds"


def _embedded_secret() -> str:
    """A key made on first use and kept beside the embedded database, so that links survive a restart."""
    path = VAR_DIR / "secret_key"
    try:
        if not path.exists():
            # Written whole before it gets its name: processes that start together all read the same key.
            descriptor, draft = tempfile.mkstemp(dir=VAR_DIR, prefix="secret_key.")
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(50))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # another process was first; its key is read below
            finally:
                Path(draft).unlink()
        key = path.read_text().strip()
    except OSError as error:
        if env.fine("VAR_DIR"):
            env.problem("VAR_DIR", f"holds a secret_key that cannot be used ({error.strerror})", "Check who owns it.")
        return secrets.token_urlsafe(50)
    if not key:
        env.problem("VAR_DIR", "holds an empty secret_key", f"Delete {path}; links sent so far will stop working.")
    return key or secrets.token_urlsafe(50)


SECRET_KEY = env.text("SECRET_KEY", required="Set SECRET_KEY to at least 50 random characters and keep it secret.")
if PRODUCTION and SECRET_KEY and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5):
    env.problem("SECRET_KEY", "is too easy to guess", "Use at least 50 random characters.")
SECRET_KEY = SECRET_KEY or (secrets.token_urlsafe(50) if PRODUCTION else _embedded_secret())
# Earlier keys, so that links already mailed and sessions survive a change of the key.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

# --- who runs the site -----------------------------------------------------------------------------------------------

ASSOCIATION_NAME = env.text("ASSOCIATION_NAME", "NAATBatt", required="Set ASSOCIATION_NAME to the association's name.")
# The postal address that newsletters must carry in many countries.
ASSOCIATION_ADDRESS = env.text(
    "ASSOCIATION_ADDRESS", required="Set ASSOCIATION_ADDRESS to the postal address, on one line."
)
ASSOCIATION_ZONE = env.parsed(
    "ASSOCIATION_ZONE",
    environment.zone,
    "America/New_York",
    remedy="Use a name from the time zone database, such as America/New_York or Europe/Berlin.",
)
SITE_URL = env.parsed(
    "SITE_URL",
    environment.origin,
    "http://127.0.0.1:8000",
    remedy="Write scheme and host only: https://blog.example.org.",
)
ALLOWED_HOSTS = env.parsed(
    "ALLOWED_HOSTS",
    environment.host_names,
    "localhost,127.0.0.1,[::1],testserver",
    remedy="Name the hosts the site answers to, without scheme or port, separated by commas: blog.example.org.",
)
_site = urlsplit(SITE_URL)
if PRODUCTION and env.fine("SITE_URL", "ALLOWED_HOSTS"):
    if _site.scheme != "https":
        env.problem(
            "SITE_URL", "does not begin with https://", "Serve the site over TLS and write SITE_URL=https://..."
        )
    if "*" in ALLOWED_HOSTS:
        env.problem("ALLOWED_HOSTS", "contains *, which lets anyone forge links in mails", "Name the hosts one by one.")
    if not validate_host(_site.hostname or "", ALLOWED_HOSTS):
        env.problem("ALLOWED_HOSTS", "does not contain the host of SITE_URL", f"Add {_site.hostname} to ALLOWED_HOSTS.")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if _site.scheme == "https" else []

# --- database, cache, tasks ------------------------------------------------------------------------------------------

_DATABASE_REMEDY = "Use postgres://user:password@host:5432/name (production) or sqlite:////absolute/path.sqlite3."
DATABASES = {
    "default": env.parsed(
        "DATABASE_URL",
        environment.database,
        f"sqlite:///{quote(str(VAR_DIR / 'site.sqlite3'))}",
        remedy=_DATABASE_REMEDY,
    )
}
_on_sqlite = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if _on_sqlite and env.fine("VAR_DIR") and not Path(DATABASES["default"]["NAME"]).parent.is_dir():
    env.problem("DATABASE_URL", "names a file in a folder that does not exist", _DATABASE_REMEDY)
if PRODUCTION and _on_sqlite and env.fine("DATABASE_URL"):
    env.problem("DATABASE_URL", "names SQLite, which web, worker and beat cannot share well", _DATABASE_REMEDY)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.parsed(
    "REDIS_URL",
    environment.redis,
    "",
    remedy="Use redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket?db=0.",
)
# Keeps sites that share one Redis apart (cache keys and task queues alike).
REDIS_PREFIX = env.parsed(
    "REDIS_PREFIX", environment.identifier, "naatbatt", remedy="Use letters, digits, - and _.", required=False
)

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "naatbatt.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},  # no page waits long for a cache
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# Redis is only a bell: every task finds its work in database rows, so a lost message loses nothing.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = REDIS_PREFIX
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any]
if REDIS_URL:
    CELERY_BROKER_URL = environment.broker(REDIS_URL)
    if REDIS_URL.startswith("rediss:"):
        CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": f"{REDIS_PREFIX}:",
        # Whoever rings the bell of a Redis that is down does not wait for it (6 seconds otherwise, within a request).
        "max_retries": 0,
        "socket_connect_timeout": 2,
    }
    CELERY_TASK_ACKS_LATE = True
else:
    CELERY_BROKER_URL = "folder://localhost"  # naatbatt/folder_transport.py
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "broker"),
        "data_folder_out": str(VAR_DIR / "broker"),
        "control_folder": str(VAR_DIR / "broker-control"),
        "polling_interval": 0.05,
    }

# --- mail ------------------------------------------------------------------------------------------------------------

_mail = env.parsed(
    "EMAIL_URL",
    environment.email,
    f"eml://{quote(str(VAR_DIR / 'outbox'))}",
    remedy="Use smtp://user:password@host:587?tls=starttls, smtps://user:password@host:465 or eml:///folder.",
)
if PRODUCTION and env.fine("EMAIL_URL"):
    if "EMAIL_HOST" not in _mail:
        env.problem("EMAIL_URL", "writes mails to a folder, so none would leave", "Use smtp:// or smtps://.")
    elif _mail["EMAIL_HOST_PASSWORD"] and not (_mail["EMAIL_USE_TLS"] or _mail["EMAIL_USE_SSL"]):
        env.problem("EMAIL_URL", "would send its password unencrypted", "Use smtps:// or add ?tls=starttls.")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _mail.get("EMAIL_FILE_PATH", "")
EMAIL_HOST = _mail.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 20

DEFAULT_FROM_EMAIL = env.parsed(
    "MAIL_FROM",
    environment.address,
    formataddr((ASSOCIATION_NAME, "series@example.org")),
    remedy="Set MAIL_FROM to the sender, such as 'The Association <series@example.org>'.",
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Whom the site tells when it holds something back (a late mailing, a restored back-up). Empty: only the admin says so.
STAFF_EMAILS = env.parsed(
    "STAFF_EMAILS",
    environment.addresses,
    "",
    remedy="Write bare addresses separated by commas: ann@example.org,ben@example.org.",
    required=False,
)

# Where the source of the running version can be had; the licence asks whoever serves a changed version to say so.
SOURCE_URL = env.parsed(
    "SOURCE_URL",
    environment.page,
    "",
    remedy="Write the whole address of the page, such as https://code.example.org/naatbatt.",
    required=False,
)

# What is later than this is held and shown to staff instead of going out as a surprise.
MAIL_GRACE = timedelta(hours=6)
MAIL_LEASE = timedelta(minutes=5)

# How long after its deadline a round still takes what was on an open page.
ANSWER_GRACE = env.parsed(
    "ANSWER_GRACE_MINUTES",
    environment.minutes,
    "15",
    remedy="Write a whole number of minutes from 0 to 1440, such as 15.",
    required=False,
)

# --- the application -------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "naatbatt.apps.NaatbattConfig",
    "naatbatt.mail.apps.MailConfig",
    "posts.apps.PostsConfig",
    "surveys.apps.SurveysConfig",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "axes",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "naatbatt.middleware.association_zone",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "naatbatt.urls"
WSGI_APPLICATION = "naatbatt.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "naatbatt.context_processors.association",
            ],
        },
    }
]

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "naatbatt.static_storage.QuicklyCollectedStorage"
    },
}

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "naatbatt.requests.client_address"  # behind our proxy everyone else shares one address
AXES_VERBOSE = False
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en-us"
# One language so far. With a second, Django's LocaleMiddleware chooses, and pages vary by Accept-Language.
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "naatbatt" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # stored and logged; people see the association's zone (naatbatt/middleware.py)

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- what a browser may do -------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics", "fullscreen")
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- logs ------------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.parsed(
    "LOG_LEVEL", environment.log_level, "INFO", remedy="Use DEBUG, INFO, WARNING, ERROR or CRITICAL.", required=False
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "naatbatt.mail.links.RedactLinks"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # What never reaches Django is told of by the web server, with the path.
        "gunicorn.error": {"handlers": ["console"], "propagate": False},
        # Robots ask by made-up host names all day; they are refused, which is no news.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
    },
}
