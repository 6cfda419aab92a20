"""Frozen results on the command line: what there is, what it says, its figures again, and whether it is untouched."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models import QuerySet

from surveys import snapshots
from surveys.models import Snapshot, SnapshotTampered


class Command(BaseCommand):
    help = "List frozen results, show one, draw its figures again, or verify that none was changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        for name, told, needs_one in (
            ("list", "One line for each snapshot.", False),
            ("show", "What one snapshot says, as far as readers may see it.", True),
            ("recompute", "The figures of one snapshot, byte for byte as they are published.", True),
            ("verify", "Compare every snapshot with its hash; exit status 1 if one does not match.", False),
        ):
            step = steps.add_parser(name, help=told)
            step.add_argument("survey", nargs=None if needs_one else "?", help="slug of the survey")
            step.add_argument("number", nargs=None if needs_one else "?", type=int, help="number of the snapshot")
            if name == "show":
                step.add_argument("--content", action="store_true", help="print the frozen content itself (for staff)")
            if name == "recompute":
                step.add_argument("--question", help="only this question, by its key")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.take_step(**options)
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be used: {str(error).strip()}\nIf it is new, run `manage.py migrate` first."
            ) from None

    def take_step(self, *, step: str, survey: str | None, number: int | None, **options: Any) -> None:
        found = Snapshot.objects.select_related("survey", "survey_round").order_by("survey__slug", "number")
        if survey is not None:
            found = found.filter(survey__slug=survey)
        if number is not None:
            found = found.filter(number=number) if 0 < number < 2**31 else found.none()
        if survey is not None and not found:
            raise CommandError(f"There is no snapshot{'' if number is None else f' {number}'} of a survey “{survey}”.")
        run: Callable[..., None] = getattr(self, f"_{step}")
        try:
            run(found, **options)
        except SnapshotTampered as error:
            raise CommandError(str(error)) from None

    def _list(self, found: QuerySet[Snapshot], **options: Any) -> None:
        for snapshot in found:
            self.stdout.write(
                f"{snapshot.survey.slug} {snapshot.number} {snapshot.short_hash} "
                f"round {snapshot.survey_round.number} {snapshot.created_at:%Y-%m-%dT%H:%M:%SZ}"
            )
        if not found:
            self.stdout.write("There is no snapshot yet: one is made when a round closes.")

    def _show(self, found: QuerySet[Snapshot], *, content: bool, **options: Any) -> None:
        snapshot = found.get()
        if content:
            snapshot.data()
            self.stdout.write(snapshot.content)
            return
        self.stdout.write(f"{snapshot}, SHA-256 {snapshot.sha256}, version {snapshot.software}")
        for result in snapshots.results(snapshot):
            self.stdout.write(f"\n{result.spec.key}: {result.spec.prompt}")
            for line in (*result.reading, result.shown.note):
                if line:
                    self.stdout.write(f"  {line}")
            for group, tally in result.shown.groups.items():
                self.stdout.write(f"  {group}: n = {tally.base} of {tally.asked} asked; {dict(tally.counts)}")

    def _recompute(self, found: QuerySet[Snapshot], *, question: str | None, **options: Any) -> None:
        snapshot = found.get()
        try:
            for key in [question] if question else snapshots.question_keys(snapshot):
                figure = snapshots.figure(snapshot, key)
                if figure is not None:
                    self.stdout.write(figure)
        except snapshots.UnknownQuestion:
            known = ", ".join(snapshots.question_keys(snapshot))
            raise CommandError(f"The snapshot has no question “{question}”. It has: {known}.") from None

    def _verify(self, found: QuerySet[Snapshot], **options: Any) -> None:
        damaged = 0
        for snapshot in found:
            problems = snapshots.problems(snapshot)
            damaged += bool(problems)
            self.stdout.write(f"{snapshot.survey.slug} {snapshot.number} {' '.join(problems) or 'unchanged'}")
        if damaged:
            raise CommandError(f"{damaged} of {len(found)} snapshots are not what was frozen.")
