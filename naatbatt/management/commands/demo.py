"""Play a whole week of the site on a throw-away database, and see whether it adds up."""

from argparse import SUPPRESS, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from naatbatt.demo import stage


class Command(BaseCommand):
    help = (
        "Play a week (seeds, readers, invitations, answers, reminder, moderation, frozen result, summary, newsletter) "
        "with a real worker and a real mail server, in VAR_DIR/demo and a database of its own. Exit status 1 if the "
        "ledger does not balance."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        # How the command calls itself once the stage is set.
        parser.add_argument("--play", action="store_true", help=SUPPRESS)

    def handle(self, *args: Any, play: bool, **options: Any) -> None:
        if play:
            self.play()
            return
        try:
            status = stage.perform()
        except KeyboardInterrupt:
            raise CommandError("Stopped. Everything that was started has ended.", returncode=130) from None
        except ModuleNotFoundError as error:
            raise CommandError(f"{error.name} is missing. `make demo` installs what the demo needs.") from None
        if status:
            raise SystemExit(status)

    def play(self) -> None:
        from naatbatt.demo.story import Story, StuckError
        from naatbatt.demo.visitor import NotOnThePageError

        if not stage.is_set():
            raise CommandError("--play runs on a stage only: call `manage.py demo` without it.")
        story = Story(self.stdout.write)
        try:
            ledger = story.play()
        except (StuckError, NotOnThePageError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\nLedger")
        for line in ledger.lines():
            self.stdout.write(f"  {line}")
        if not ledger.balances:
            raise CommandError("The ledger does not balance.")
        database = "" if connection.vendor == "sqlite" else f" (DATABASE_URL: {connection.settings_dict['NAME']})"
        self.stdout.write(f"\nThe week is over. Read it: make run DEMO=1{database}, then {story.address}")
