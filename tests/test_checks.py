"""Every variable that can be wrong or missing is named by `manage.py check`, with its remedy."""

import ast
import os
import re
import runpy
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from naatbatt import environment

TOP = Path(__file__).parent.parent
SETTINGS = TOP / "naatbatt" / "settings.py"
GOOD = {
    "PRODUCTION": "1",
    "SECRET_KEY": "correct-horse-battery-staple-" * 2,
    "SITE_URL": "https://blog.example.org",
    "ALLOWED_HOSTS": "blog.example.org",
    "ASSOCIATION_NAME": "The Association",
    "ASSOCIATION_ADDRESS": "1 Main Street, Springfield",
    "ASSOCIATION_ZONE": "Europe/Berlin",
    "DATABASE_URL": "postgres://site:hidden@db.example.org:5432/site",
    "REDIS_URL": "redis://redis.example.org:6379/0",
    "EMAIL_URL": "smtp://site:hidden@mail.example.org:587?tls=starttls",
    "MAIL_FROM": "The Association <series@example.org>",
}


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """What settings finds wrong with these variables and no others."""

    def read(**variables):
        given = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), **variables}
        monkeypatch.setattr(os, "environ", {name: value for name, value in given.items() if value is not None})
        return [str(problem) for problem in runpy.run_path(SETTINGS)["CONFIGURATION_PROBLEMS"]]

    return read


def check(tmp_path, *arguments, **variables):
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=TOP,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_embedded_default_needs_no_variable(problems):
    assert problems() == []


def test_production_with_everything_set_has_no_problem(problems):
    assert problems(**GOOD) == []


@pytest.mark.parametrize("variable", sorted(set(GOOD) - {"PRODUCTION"}))
def test_production_names_what_is_missing(problems, variable):
    found = problems(**{**GOOD, variable: None})
    assert len(found) == 1, found
    assert re.match(rf"{variable} is not set\. .{{10,}}", found[0])


WRONG = [
    ("PRODUCTION", "perhaps", "neither on nor off"),
    ("DEBUG", "perhaps", "neither on nor off"),
    ("DEBUG", "1", "is on in production"),
    ("SECRET_KEY", "short", "too easy to guess"),
    ("SECRET_KEY", "a" * 60, "too easy to guess"),
    ("SITE_URL", "blog.example.org", "not a web address"),
    ("SITE_URL", "https://", "not a web address"),
    ("SITE_URL", "https://blog.example.org/blog", "more than a bare web address"),
    ("SITE_URL", "https://[::1", "cannot be read"),
    ("SITE_URL", "https://blog.example.org:port", "cannot be read"),
    ("SITE_URL", "http://blog.example.org", "does not begin with https://"),
    ("SITE_URL", "https://blog.example.org\nX: y", "line break"),
    ("ALLOWED_HOSTS", "https://blog.example.org", "not a bare host name"),
    ("ALLOWED_HOSTS", "*", "contains *"),
    ("ALLOWED_HOSTS", "elsewhere.example.org", "does not contain the host of SITE_URL"),
    ("ASSOCIATION_NAME", "Two\nlines", "line break"),
    ("ASSOCIATION_ADDRESS", "1 Main Street\rSpringfield", "control character"),
    ("ASSOCIATION_ZONE", "New York", "cannot be read"),
    ("ASSOCIATION_ZONE", "../etc/passwd", "cannot be read"),
    ("ASSOCIATION_ZONE", "Europe", "cannot be read"),
    ("DATABASE_URL", "mysql://site:hidden@db.example.org/site", "neither PostgreSQL nor SQLite"),
    ("DATABASE_URL", "nonsense", "cannot be read"),
    ("DATABASE_URL", "oracel://db.example.org/site", "cannot be read"),
    ("DATABASE_URL", "postgres://site:hidden@db.example.org:port/site", "cannot be read"),
    ("DATABASE_URL", "postgres://site:hidden@db.example.org", "names no database"),
    ("DATABASE_URL", "sqlite://:memory:", "whole path"),
    ("DATABASE_URL", "sqlite:///site.sqlite3", "whole path"),
    ("DATABASE_URL", "sqlite:////nowhere/at/all/site.sqlite3", "folder that does not exist"),
    ("DATABASE_URL", "sqlite:////", "names a folder"),
    ("REDIS_URL", "localhost:6379", "not a Redis address"),
    ("REDIS_URL", "redis://redis.example.org:port/0", "cannot be read"),
    ("REDIS_URL", "redis://redis.example.org/first", "number of a database"),
    ("REDIS_URL", "unix://", "not a Redis address"),
    ("REDIS_PREFIX", "two words", "not one short word"),
    ("EMAIL_URL", "mail.example.org:25", "does not begin with smtp://"),
    ("EMAIL_URL", "smtp://", "names no host"),
    ("EMAIL_URL", "smtp://mail.example.org:port", "cannot be read"),
    ("EMAIL_URL", "smtp://mail.example.org?tls=always", "kind of tls"),
    ("EMAIL_URL", "smtps://mail.example.org?tls=starttls", "kind of tls"),
    ("EMAIL_URL", "eml://outbox", "whole path"),
    ("EMAIL_URL", "eml:///var/outbox", "none would leave"),
    ("EMAIL_URL", "smtp://series:hidden@mail.example.org", "its password unencrypted"),
    ("DATABASE_URL", "sqlite:////tmp/site.sqlite3", "cannot share"),
    ("MAIL_FROM", "The Association", "holds no mail address"),
    ("MAIL_FROM", "The Association <series>", "holds no mail address"),
    ("MAIL_FROM", "series@example..org", "holds no mail address"),
    ("MAIL_FROM", "A <a@example.org>, B <b@example.org>", "holds more than one mail address"),
    ("STAFF_EMAILS", "ann@example.org, ben", "'ben', which is not a mail address"),
    ("STAFF_EMAILS", "ann@example", "'ann@example', which is not a mail address"),
    ("SOURCE_URL", "code.example.org/naatbatt", "is not a web address"),
    ("ANSWER_GRACE_MINUTES", "a while", "is not a number of minutes from 0 to 1440"),
    ("ANSWER_GRACE_MINUTES", "1441", "is not a number of minutes from 0 to 1440"),
    ("ANSWER_GRACE_MINUTES", "-5", "is not a number of minutes from 0 to 1440"),
    ("LOG_LEVEL", "LOUD", "is not a level"),
    ("VAR_DIR", "/dev/null/var", "cannot be written"),
    ("VAR_DIR", str(Path(__file__)), "cannot be written"),
]


@pytest.mark.parametrize(("variable", "value", "said"), WRONG)
def test_a_wrong_value_is_named_with_its_remedy(problems, variable, value, said):
    found = problems(**{**GOOD, variable: value})
    # An unreadable PRODUCTION counts as off, which is not a second problem.
    assert len(found) == 1, found
    assert found[0].startswith(f"{variable} ")
    assert said in found[0]
    assert "hidden" not in found[0], "a password was printed"
    assert re.search(r"\. [A-Z].{8,}", found[0]), "no remedy"


def test_check_reports_every_problem_at_once_and_does_not_break(tmp_path):
    wrong = {variable: value for variable, value, _ in reversed(WRONG) if variable not in ("VAR_DIR", "PRODUCTION")}
    ran = check(tmp_path, PRODUCTION="1", **wrong)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    for variable in wrong:
        assert f"(naatbatt.{variable})" in ran.stderr
    assert ran.stderr.count("HINT: ") >= len(wrong)


def test_check_survives_a_folder_that_cannot_be_made(tmp_path):
    ran = check(tmp_path, VAR_DIR="/dev/null/var")
    assert ran.returncode == 1
    assert "VAR_DIR cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_production_passes_the_deployment_checks(tmp_path):
    ran = check(tmp_path, "--deploy", "--fail-level", "WARNING", **GOOD)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["-c", "import naatbatt.wsgi"],
        ["-c", "import naatbatt.asgi"],
        ["-m", "celery", "-A", "naatbatt", "worker", "--pool", "solo"],
        ["-m", "celery", "-A", "naatbatt", "beat"],
    ],
    ids=["wsgi", "asgi", "worker", "beat"],
)
def test_nothing_starts_on_a_wrong_configuration(tmp_path, command):
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=TOP,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "ASSOCIATION_ZONE": "Atlantis"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 3
    assert "ASSOCIATION_ZONE cannot be read. Use a name from the time zone database" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_embedded_secret_is_made_once_and_kept_to_its_owner(problems, tmp_path):
    assert problems() == []
    key = tmp_path / "var" / "secret_key"
    first = key.read_text()
    assert len(first) >= 50
    assert key.stat().st_mode & 0o077 == 0
    assert problems() == []
    assert key.read_text() == first


def test_an_empty_secret_file_is_reported(problems, tmp_path):
    key = tmp_path / "var" / "secret_key"
    key.parent.mkdir()
    key.touch()
    assert problems() == [f"VAR_DIR holds an empty secret_key. Delete {key}; links sent so far will stop working."]


def test_a_folder_with_an_odd_name_works(problems, tmp_path):
    odd = tmp_path / "a #b %20 ?c"
    assert problems(VAR_DIR=str(odd)) == []
    assert environment.database(f"sqlite:///{quote(str(odd))}/x.sqlite3")["NAME"] == str(odd / "x.sqlite3")


@pytest.mark.parametrize(
    ("url", "celery"),
    [
        ("redis://:secret@host:6379/3", "redis://:secret@host:6379/3"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
    ],
)
def test_celery_is_told_of_the_same_redis(url, celery):
    assert environment.broker(url) == celery


# --- which variables there are ---------------------------------------------------------------------------------------


def variables_read():
    """The names that settings.py asks its environment for."""
    names = set()
    for node in ast.walk(ast.parse(SETTINGS.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and getattr(node.func.value, "id", "") == "env"
            and node.func.attr in ("text", "flag", "words", "parsed")
        ):
            assert isinstance(node.args[0], ast.Constant), ast.unparse(node)
            names.add(node.args[0].value)
    return names


@pytest.mark.parametrize(("written", "meant"), [("0", 0), ("15", 15), ("1440", 1440), ("007", 7)])
def test_minutes_are_read_as_a_length_of_time(written, meant):
    assert environment.minutes(written) == timedelta(minutes=meant)


def test_the_example_lists_every_variable():
    listed = re.findall(r"^#?\s?([A-Z][A-Z_]+)=", (TOP / ".env.example").read_text(), re.MULTILINE)  # on or off
    assert sorted(listed) == sorted(variables_read() | {"WEB_CONCURRENCY", "POSTGRES_PASSWORD"})


def test_the_readme_explains_every_variable():
    explained = re.findall(r"^\| `([A-Z_]+)`", (TOP / "README.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(variables_read())


def test_every_variable_has_a_wrong_value_in_this_test():
    # Any list of words is a possible SECRET_KEY_FALLBACKS; `check --deploy` looks at their strength.
    assert {variable for variable, _, _ in WRONG} == variables_read() - {"SECRET_KEY_FALLBACKS"}


def test_the_environment_is_read_in_settings_only():
    readers = [
        str(file.relative_to(TOP))
        for app in ("naatbatt", "posts", "surveys")
        for file in (TOP / app).rglob("*.py")
        if re.search(r"os\.(environ(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|getenv)", file.read_text())
    ]
    # `run` and `demo` hand their environment on to the processes they start.
    handed_on = {"naatbatt/management/commands/run.py", "naatbatt/demo/stage.py"}
    assert set(readers) - handed_on == {"naatbatt/settings.py"}
