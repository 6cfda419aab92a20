"""All settings. Every environment variable is read here and nowhere else.

Without any variable the site runs on its embedded default: SQLite, Celery over a folder, mail as files, all under
`var/`. With `PRODUCTION=1` nothing is guessed: what a public site needs must be given. A wrong or missing value is
collected in `CONFIGURATION_PROBLEMS` and reported by `manage.py check` (naatbatt/checks.py) with the variable's name
and a remedy, rather than as a traceback from somewhere else.
"""

import os
import secrets
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"


@dataclass(frozen=True)
class ConfigurationProblem:
    variable: str
    problem: str
    remedy: str


CONFIGURATION_PROBLEMS: list[ConfigurationProblem] = []


def _problem(variable: str, problem: str, remedy: str) -> None:
    CONFIGURATION_PROBLEMS.append(ConfigurationProblem(variable, problem, remedy))


def _text(variable: str, default: str = "", *, required: str = "") -> str:
    """The variable's text. `required` is the remedy to print when production misses it."""
    value = os.environ.get(variable, "").strip()
    if not value and required and PRODUCTION:
        _problem(variable, "is not set", required)
    return value or default


def _flag(variable: str) -> bool:
    value = os.environ.get(variable, "").strip().lower()
    if value not in ("", "0", "1", "true", "false", "yes", "no", "on", "off"):
        _problem(variable, f"is {value!r}, which is neither on nor off", f"Set {variable}=1 or {variable}=0.")
    return value in ("1", "true", "yes", "on")


def _words(variable: str, default: str = "", *, required: str = "") -> list[str]:
    return [word.strip() for word in _text(variable, default, required=required).split(",") if word.strip()]


def _parsed(variable: str, text: str, parse: Callable[[str], Any], fallback: Any, remedy: str) -> Any:
    try:
        return parse(text)
    except (ValueError, KeyError, dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        # The value itself may hold a password: say what is wrong with it, do not print it.
        _problem(variable, f"cannot be read ({type(error).__name__})", remedy)
        return fallback


PRODUCTION = _flag("PRODUCTION")
DEBUG = _flag("DEBUG")
if PRODUCTION and DEBUG:
    _problem("DEBUG", "is on in production, where it would show settings and code to visitors", "Unset DEBUG.")
    DEBUG = False

# --- where things are kept -------------------------------------------------------------------------------------------

VAR_DIR = Path(_text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
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
            VAR_DIR.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass  # another process was first; its key is read below
    except OSError as error:
        _problem("VAR_DIR", f"cannot be written ({error.strerror}: {VAR_DIR})", "Point VAR_DIR at a writable folder.")
        return secrets.token_urlsafe(50)
    return path.read_text().strip() or secrets.token_urlsafe(50)


SECRET_KEY = _text("SECRET_KEY", required="Set SECRET_KEY to at least 50 random characters and keep it secret.")
if PRODUCTION and SECRET_KEY and len(SECRET_KEY) < 50:
    _problem("SECRET_KEY", f"is only {len(SECRET_KEY)} characters long", "Use at least 50 random characters.")
SECRET_KEY = SECRET_KEY or (secrets.token_urlsafe(50) if PRODUCTION else _embedded_secret())
SECRET_KEY_FALLBACKS = _words("SECRET_KEY_FALLBACKS")

# --- who runs the site -----------------------------------------------------------------------------------------------

ASSOCIATION_NAME = _text("ASSOCIATION_NAME", "NAATBatt", required="Set ASSOCIATION_NAME to the association's name.")
ASSOCIATION_ZONE = _text("ASSOCIATION_ZONE", "America/New_York")
_parsed(
    "ASSOCIATION_ZONE",
    ASSOCIATION_ZONE,
    zoneinfo.ZoneInfo,
    None,
    "Use a name from the time zone database, such as America/New_York or Europe/Berlin.",
)
if any(problem.variable == "ASSOCIATION_ZONE" for problem in CONFIGURATION_PROBLEMS):
    ASSOCIATION_ZONE = "UTC"

SITE_URL = _text(
    "SITE_URL", "http://127.0.0.1:8000", required="Set SITE_URL to the public address, such as https://blog.example.org."
).rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname or _site.path or _site.query:
    _problem("SITE_URL", f"is {SITE_URL!r}, not a bare web address", "Use scheme and host only: https://blog.example.org.")
elif PRODUCTION and _site.scheme != "https":
    _problem("SITE_URL", "does not begin with https://", "Serve the site over TLS and write SITE_URL=https://...")

ALLOWED_HOSTS = _words(
    "ALLOWED_HOSTS",
    "localhost,127.0.0.1,[::1],testserver",
    required="Set ALLOWED_HOSTS to the host names the site answers to, separated by commas.",
)
if "*" in ALLOWED_HOSTS and PRODUCTION:
    _problem("ALLOWED_HOSTS", "contains *, which lets anyone forge links in mails", "Name the hosts one by one.")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if _site.scheme == "https" else []

# --- database, cache, tasks ------------------------------------------------------------------------------------------

_DATABASE_REMEDY = "Use postgres://user:password@host:5432/name (production) or sqlite:////absolute/path.sqlite3."


def _database(url: str) -> dict[str, Any]:
    config = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["CONN_MAX_AGE"] = 0
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif config["ENGINE"] != "django.db.backends.postgresql":
        raise ValueError("neither PostgreSQL nor SQLite")
    return config


_embedded_database = f"sqlite:///{VAR_DIR / 'site.sqlite3'}"
DATABASES = {
    "default": _parsed(
        "DATABASE_URL",
        _text("DATABASE_URL", _embedded_database, required=_DATABASE_REMEDY),
        _database,
        _database("sqlite://:memory:"),
        _DATABASE_REMEDY,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _text("REDIS_URL", required="Use redis://host:6379/0.")
# Keeps sites that share one Redis apart (cache keys and task queues alike).
REDIS_PREFIX = _text("REDIS_PREFIX", "naatbatt")
if REDIS_URL and urlsplit(REDIS_URL).scheme not in ("redis", "rediss", "unix"):
    _problem("REDIS_URL", "is not a Redis address", "Use redis://host:6379/0, rediss:// or unix:///path/to/socket.")
    REDIS_URL = ""

CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": REDIS_PREFIX}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
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
    CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": f"{REDIS_PREFIX}:",
    }
    CELERY_TASK_ACKS_LATE = True
else:
    CELERY_BROKER_URL = "naatbatt.folder_transport:Transport://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "broker"),
        "data_folder_out": str(VAR_DIR / "broker"),
        "control_folder": str(VAR_DIR / "broker-control"),
        "polling_interval": 0.05,
    }

# --- mail ------------------------------------------------------------------------------------------------------------

_EMAIL_REMEDY = "Use smtp://user:password@host:587?tls=starttls, smtps://user:password@host:465 or eml:///folder."


def _email(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "eml":
        return {"EMAIL_BACKEND": "naatbatt.mail.eml.EmailBackend", "EMAIL_FILE_PATH": parts.path}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("unknown scheme or no host")
    tls = parse_qs(parts.query).get("tls", [""])[0]
    if tls not in ("", "starttls", "none"):
        raise ValueError("tls is neither starttls nor none")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": tls == "starttls",
    }


_embedded_mail = f"eml://{VAR_DIR / 'outbox'}"
_mail = _parsed(
    "EMAIL_URL",
    _text("EMAIL_URL", _embedded_mail, required=_EMAIL_REMEDY),
    _email,
    _email(_embedded_mail),
    _EMAIL_REMEDY,
)
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _mail.get("EMAIL_FILE_PATH", "")
EMAIL_HOST = _mail.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 20

DEFAULT_FROM_EMAIL = _text(
    "MAIL_FROM",
    f"{ASSOCIATION_NAME} <series@example.org>",
    required="Set MAIL_FROM to the sender, such as 'The Association <series@example.org>'.",
)
if "@" not in parseaddr(DEFAULT_FROM_EMAIL)[1]:
    _problem("MAIL_FROM", "holds no mail address", "Write it as 'The Association <series@example.org>'.")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Whom the site tells when it holds something back (a late mailing, a restored back-up). Empty: only the admin says so.
STAFF_EMAILS = _words("STAFF_EMAILS")
# The postal address that newsletters must carry in many countries.
ASSOCIATION_ADDRESS = _text("ASSOCIATION_ADDRESS")

# What is later than this is held and shown to staff instead of going out as a surprise.
MAIL_GRACE = timedelta(hours=6)
MAIL_LEASE = timedelta(minutes=5)

# --- the application -------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "naatbatt.apps.NaatbattConfig",
    "naatbatt.mail.apps.MailConfig",
    "posts.apps.PostsConfig",
    "surveys.apps.SurveysConfig",
    "crispy_forms",
    "crispy_bootstrap5",
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
    "django.middleware.locale.LocaleMiddleware",
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
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
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
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en-us"
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

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "naatbatt.mail.links.RedactLinks"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": _text("LOG_LEVEL", "INFO").upper()},
    "loggers": {"django.server": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}
if LOGGING["root"]["level"] not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):  # type: ignore[index]
    _problem("LOG_LEVEL", "is not a level", "Use DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    LOGGING["root"]["level"] = "INFO"  # type: ignore[index]
