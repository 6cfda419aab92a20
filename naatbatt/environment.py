"""Reading environment variables so that a wrong one is named, with a remedy, instead of ending in a traceback.

`settings.py` is the only caller: it alone says which variables there are. A value that cannot be read leaves a problem
behind and a harmless stand-in, so that `manage.py check` still runs and can report every problem at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

T = TypeVar("T")

ON = frozenset({"1", "true", "yes", "on"})
OFF = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class ConfigurationProblem:
    variable: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.variable} {self.problem}. {self.remedy}"


class UnreadableError(ValueError):
    """A value that cannot be used. The text says why without repeating the value, which may hold a password."""


class Environment:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[ConfigurationProblem] = []
        self.production = False  # in production, what is `required` has no default

    def problem(self, variable: str, problem: str, remedy: str) -> None:
        self.problems.append(ConfigurationProblem(variable, problem, remedy))

    def fine(self, *variables: str) -> bool:
        """Whether nothing was found wrong with these so far."""
        return not any(found.variable in variables for found in self.problems)

    def text(self, variable: str, default: str = "", *, required: str = "") -> str:
        """The variable's text. `required` is the remedy to print when production misses it."""
        value = self._variables.get(variable, "").strip()
        if any(ord(character) < 32 for character in value):
            self.problem(variable, "contains a line break or another control character", "Write it on one line.")
            return default
        if not value and required and self.production:
            self.problem(variable, "is not set", required)
        return value or default

    def flag(self, variable: str) -> bool:
        value = self.text(variable).lower()
        if value not in ON | OFF:
            self.problem(variable, f"is {value!r}, which is neither on nor off", f"Set {variable}=1 or {variable}=0.")
        return value in ON

    def words(self, variable: str, default: str = "", *, required: str = "") -> list[str]:
        text = self.text(variable, default, required=required)
        return [word.strip() for word in text.split(",") if word.strip()]

    def parsed(
        self, variable: str, parse: Callable[[str], T], default: str, *, remedy: str, required: bool = True
    ) -> T:
        """What `parse` makes of the variable, or of `default` where the variable is not set or cannot be read."""
        value = self.text(variable, default, required=remedy if required else "")
        try:
            return parse(value)
        except UnreadableError as error:
            self.problem(variable, str(error), remedy)
        except (ValueError, LookupError, OSError):  # from libraries, whose words may repeat the value
            self.problem(variable, "cannot be read", remedy)
        return parse(default)


# --- what the values mean --------------------------------------------------------------------------------------------


def zone(name: str) -> str:
    ZoneInfo(name)
    return name


def minutes(text: str) -> timedelta:
    """A length of time of at most a day."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > 1440:
        raise UnreadableError("is not a number of minutes from 0 to 1440")
    return timedelta(minutes=int(text))


def origin(url: str) -> str:
    """Scheme, host and port of a site, without a slash at the end."""
    parts = urlsplit(url.rstrip("/"))
    parts.port  # noqa: B018  (raises ValueError when it is not a number)
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.-]+|[0-9a-f:]+", parts.hostname or ""):
        raise UnreadableError("is not a web address")
    if parts.path or parts.query or parts.fragment or parts.username:
        raise UnreadableError("is more than a bare web address")
    return parts.geturl()


def page(url: str) -> str:
    """The address of a page somewhere on the web, or nothing."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or url != url.strip()):
        raise UnreadableError("is not a web address")
    return url


def address(text: str) -> str:
    """A mail address, with or without the name of who it belongs to."""
    found = getaddresses([text])
    if len(found) > 1 and all("@" in one for _name, one in found):
        raise UnreadableError("holds more than one mail address")
    if not _is_address(parseaddr(text)[1]):
        raise UnreadableError("holds no mail address")
    return text


def addresses(text: str) -> list[str]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    for word in found:
        if not _is_address(word):
            raise UnreadableError(f"contains {word!r}, which is not a mail address")
    return found


def _is_address(text: str) -> bool:
    """Judged as the outbox judges whom it writes to, so that no mail fails for what could have been said here."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def host_names(text: str) -> list[str]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    for word in found:
        if not re.fullmatch(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9a-fA-F:]+\]", word):
            raise UnreadableError(f"contains {word!r}, which is not a bare host name")
    return found


def identifier(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text):
        raise UnreadableError("is not one short word")
    return text


def log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise UnreadableError("is not a level")
    return text.upper()


def database(url: str) -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.postgresql":
        if not config["NAME"]:
            raise UnreadableError("names no database")
        options.setdefault("connect_timeout", 10)
    elif config["ENGINE"] == "django.db.backends.sqlite3":
        file = Path(config["NAME"])
        if not file.is_absolute():
            raise UnreadableError("does not name a file by its whole path")
        if file.is_dir():
            raise UnreadableError("names a folder instead of a file")
        config["CONN_MAX_AGE"] = 0
        options.update(
            # Writers take their turn from the first statement on, instead of failing at the last.
            transaction_mode="IMMEDIATE",
            timeout=20,
            init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        )
    else:
        raise UnreadableError("is neither PostgreSQL nor SQLite")
    return config


def redis(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("db", ["0"])[-1] if parts.scheme == "unix" else parts.path.strip("/") or "0"
    if parts.scheme not in ("redis", "rediss", "unix") or not (
        parts.path if parts.scheme == "unix" else parts.hostname
    ):
        raise UnreadableError("is not a Redis address")
    if not number.isdecimal():
        raise UnreadableError("does not end in the number of a database")
    parts.port  # noqa: B018  (raises ValueError when it is not a number)
    return url


def broker(redis_url: str) -> str:
    """The same Redis in the words of Celery's transport, which writes sockets differently."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    query["virtual_host"] = query.pop("db", "0")
    return f"redis+socket://{parts.netloc}{parts.path}?{urlencode(query)}"


def email(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "eml":
        if parts.netloc or not parts.path.startswith("/"):
            raise UnreadableError("does not name a folder by its whole path")
        return {"EMAIL_BACKEND": "naatbatt.mail.eml.EmailBackend", "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme not in ("smtp", "smtps"):
        raise UnreadableError("does not begin with smtp://, smtps:// or eml://")
    if not parts.hostname:
        raise UnreadableError("names no host")
    tls = parse_qs(parts.query).get("tls", [""])[-1]
    if tls not in ("", "starttls", "none") or (tls and parts.scheme == "smtps"):
        raise UnreadableError("asks for a kind of tls that is not offered")
    usual_port = 465 if parts.scheme == "smtps" else 587 if tls == "starttls" else 25
    return {
        "EMAIL_BACKEND": "naatbatt.mail.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or usual_port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": tls == "starttls",
    }
