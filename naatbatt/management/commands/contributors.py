"""`manage.py contributors import FILE [--commit] | export FILE`: the panel's people as a CSV or XLSX file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys import contributors
from surveys.models import Contributor


class Command(BaseCommand):
    help = "Bring in a file of contributors (first only saying what would happen), or write all of them out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        bring = verbs.add_parser("import", help="say what a CSV or XLSX file would change, line by line")
        bring.add_argument("file", type=Path)
        bring.add_argument("--commit", action="store_true", help="do it: all of it, or nothing while a line is wrong")
        out = verbs.add_parser("export", help="write every contributor to a .csv or .xlsx file")
        out.add_argument("file", type=Path)

    def handle(self, *args: Any, verb: str, file: Path, **options: Any) -> None:
        try:
            if verb == "import":
                self._import(file, commit=options["commit"])
            else:
                self._export(file)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None

    def _import(self, file: Path, *, commit: bool) -> None:
        with file.open("rb") as opened:
            content = opened.read(contributors.MOST_BYTES + 1)
        try:
            report = contributors.bring_in(content=content, commit=commit)
        except contributors.Unreadable as error:
            raise CommandError(f"{file}: {error}") from None
        if report.ignored:
            self.stdout.write(f"Columns that mean nothing here: {', '.join(report.ignored)}")
        for line in report.lines:
            told = " ".join((f"{line.name} <{line.email}>", *line.remarks))
            self.stdout.write(f"{line.number:6}  {line.outcome.label:<9}  {told}")
        self.stdout.write(", ".join(f"{number} {outcome.label}" for outcome, number in report.counts.items()))
        if report.has_errors:
            raise CommandError("Nothing was taken: lines are wrong.")
        if report.collided:
            raise CommandError("Nothing was taken: somebody else wrote the same people at that moment. Try again.")
        self.stdout.write("Done." if report.committed else "Nothing was written; --commit does it.")

    def _export(self, file: Path) -> None:
        people = Contributor.objects.all()
        if file.suffix.lower() == ".xlsx":
            with file.open("wb") as opened:
                contributors.as_xlsx(people, opened)
        elif file.suffix.lower() == ".csv":
            with file.open("w", encoding="utf-8", newline="") as written:
                written.writelines(contributors.as_csv(people))
        else:
            raise CommandError(f"{file}: the name of the file must end in .csv or .xlsx.")
        self.stdout.write(f"{people.count()} contributors written to {file}")
