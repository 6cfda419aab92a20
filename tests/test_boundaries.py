"""The house rules that import contracts cannot see (the contracts themselves are in pyproject.toml)."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps

TOP = Path(__file__).parent.parent
PACKAGES = ("naatbatt", "posts", "surveys")
SOURCES = [file for package in PACKAGES for file in sorted((TOP / package).rglob("*.py"))]
# What stands higher may point at what stands lower, or beside it.
FLOOR = {"surveys": 2, "posts": 1, "mail": 0, "auth": 0, "contenttypes": 0}


def test_the_top_level_is_as_agreed():
    fixed = {"manage.py", "pyproject.toml", "README.md", "seeds", "naatbatt", "posts", "surveys", "templates", "static"}
    beside = {"tests", "deploy", "Makefile", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
    locks = {"requirements.lock", "requirements-dev.lock"}
    made = {"var", "htmlcov", "__pycache__"}  # by running; never committed
    found = {path.name for path in TOP.iterdir() if not path.name.startswith(".")}
    assert fixed | beside | locks <= found
    assert found <= fixed | beside | locks | made


def relations():
    """Every relation of every model of ours: where it starts, its name, where it points."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in ("mail", "posts", "surveys"):
            for field in model._meta.get_fields():
                if field.is_relation and not field.auto_created:
                    yield model._meta.app_label, f"{model.__name__}.{field.name}", field.related_model


def test_relations_run_downhill():
    """A relation named as a string is no import, so import-linter does not see it."""
    checked = 0
    for app, name, target in relations():
        assert target is not None, f"{name} is a generic relation"
        assert FLOOR[target._meta.app_label] <= FLOOR[app], f"{app}'s {name} points up, at {target._meta.label}"
        checked += 1
    assert checked > 10


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(TOP)))
def test_a_file_is_named_after_its_chapter(file):
    assert file.stem not in ("utils", "util", "helpers", "helper", "common", "services", "managers", "misc", "signals")


def test_every_module_of_the_project_package_has_its_layer():
    config = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]
    placed = set(re.findall(r"naatbatt\.(\w+)", " ".join(config["contracts"][0]["layers"])))
    found = {
        path.stem for path in (TOP / "naatbatt").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert placed == found - {"__init__"}


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


KINDS = [*sorted((TOP / "surveys" / "questions").glob("*.py")), TOP / "surveys" / "results.py"]


@pytest.mark.parametrize("file", KINDS, ids=lambda file: str(file.relative_to(TOP)))
def test_kinds_of_question_know_no_database_no_web_and_no_mail(file):
    forbidden = ("django.db", "django.http", "django.core.mail", "django.urls", "django.views", "django.apps")
    assert [name for name in imported(file) if name.startswith(forbidden)] == []


def test_only_one_file_of_surveys_knows_posts():
    knows = [
        str(file.relative_to(TOP))
        for file in (TOP / "surveys").rglob("*.py")
        if any(name.split(".")[0] == "posts" for name in imported(file))
    ]
    assert set(knows) <= {"surveys/publishing.py", "surveys/migrations/0001_initial.py"}


def test_a_kind_is_asked_for_its_kind_nowhere_else():
    asking = [
        str(file.relative_to(TOP))
        for file in SOURCES
        if "questions" not in file.parts and re.search(r"\.kind (==|!=|in\b)", file.read_text())
    ]
    assert asking == []


def test_no_signals_and_no_generic_relations_of_our_own():
    for file in SOURCES:
        assert not re.search(
            r"django\.(db\.models|dispatch)[\w.]* import .*(receiver|Signal|post_save)", file.read_text()
        )
        assert "GenericForeignKey" not in file.read_text()


def test_no_variable_is_called_round():
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                assert node.id != "round", file
            elif isinstance(node, ast.arg):
                assert node.arg != "round", file
