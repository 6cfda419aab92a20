from django.apps import AppConfig


class NaatbattConfig(AppConfig):
    name = "naatbatt"

    def ready(self) -> None:
        from naatbatt import checks  # noqa: F401  (registers the system checks)
