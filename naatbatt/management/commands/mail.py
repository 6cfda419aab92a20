"""`manage.py mail status | hold --reason ... | arm`: the mail switch for whoever sits at the machine."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models import Count

from naatbatt.mail import outbox
from naatbatt.mail.models import OutgoingMail, Switch


class Command(BaseCommand):
    help = "Say how the mail stands, hold it, or let it leave again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="say how the mail stands")
        hold = verbs.add_parser("hold", help="let no mail leave until it is armed again")
        hold.add_argument("--reason", default="Held from the command line.", help="why, for whoever reads the admin")
        verbs.add_parser("arm", help="let mail leave again, all that waits included")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            self.turn_and_tell(verb, **options)
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be used: {str(error).strip()}\nIf it is new, run `manage.py migrate` first."
            ) from None

    def turn_and_tell(self, verb: str, **options: Any) -> None:
        if verb == "hold":
            outbox.hold(reason=options["reason"])
        elif verb == "arm":
            outbox.arm()
        switch = Switch.objects.first()
        if switch and switch.held_at:
            self.stdout.write(f"Mail is held since {switch.held_at:%Y-%m-%d %H:%M} UTC: {switch.reason}")
        else:
            self.stdout.write("Mail is armed: it leaves when it is due.")
        for state, count in OutgoingMail.objects.order_by("state").values_list("state").annotate(Count("pk")):
            self.stdout.write(f"{count:7} {state}")
