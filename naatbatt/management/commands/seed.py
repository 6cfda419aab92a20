"""Fill the site from a folder of seeds."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from naatbatt.seeding import FaultsError, play, read
from posts.models import Post, Series
from surveys.models import Survey


class Command(BaseCommand):
    help = "Play the series, posts, surveys, authors and contributors of a folder into the site. Twice does no harm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=settings.SEEDS_DIR, help="Default: %(default)s")
        parser.add_argument("--check", action="store_true", help="Only say what would happen; write nothing.")
        parser.add_argument("--if-empty", action="store_true", help="Leave a site alone that has any content already.")

    def handle(self, *args: Any, folder: Path, check: bool, if_empty: bool, **options: Any) -> None:
        now = timezone.now()
        try:
            if if_empty and any(model.objects.exists() for model in (Series, Post, Survey)):
                self.stdout.write("The site has content already: nothing seeded.")
                return
            played = play(read(folder.resolve(), now=now), now=now, keep=not check)
        except FaultsError as error:
            count = len(error.faults)
            said = "1 fault" if count == 1 else f"{count} faults"
            raise CommandError(f"{said}, nothing was written:\n{error}") from None
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be used: {error}\nIf it is new, run `manage.py migrate` first."
            ) from None
        for kind, address, new in played.things if options["verbosity"] > 1 else []:
            self.stdout.write(f"{'new ' if new else 'kept'}  {kind:<12}  {address}")
        for kind, (made, kept) in played.counts().items() if options["verbosity"] else []:
            self.stdout.write(f"{kind:<12}  {made:>3} new  {kept:>3} kept")
        if check:
            self.stdout.write("Checked only: nothing was written.")
