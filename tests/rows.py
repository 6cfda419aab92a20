"""Every row of every table as plain data, to prove that something changed nothing."""

from typing import Any

from django.apps import apps


def every_row() -> dict[str, list[dict[str, Any]]]:
    """Table name -> its rows in primary-key order. Many-to-many tables included."""
    return {
        model._meta.db_table: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models(include_auto_created=True)
    }
