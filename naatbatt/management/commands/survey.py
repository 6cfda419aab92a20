"""Surveys as files: written out whole, and read in again."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from naatbatt.toml import Fault, FaultsError, open_source
from surveys import files, importing
from surveys.models import Survey
from surveys.publishing import known_series


class Command(BaseCommand):
    help = "Write a survey to a TOML file, or make a survey what such a file says. seeds/README.md shows the form."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        export = steps.add_parser("export", help="Write a survey with its rounds and questions; no answers.")
        export.add_argument("slug", help="slug of the survey")
        export.add_argument("file", nargs="?", type=Path, help="where to write; default: standard output")
        imports = steps.add_parser("import", help="Add or update a survey, all or nothing.")
        imports.add_argument("file", type=Path)
        imports.add_argument("--check", action="store_true", help="Only say what would happen; write nothing.")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        if step == "export":
            self._export(options["slug"], options["file"])
        else:
            self._import(options["file"], check=options["check"])

    def _export(self, slug: str, file: Path | None) -> None:
        survey = Survey.objects.select_related("series").filter(slug=slug).first()
        if survey is None:
            known = ", ".join(Survey.objects.order_by("slug").values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no survey “{slug}”. Known are: {known}.")
        text = files.write(survey)
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            file.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        self.stderr.write(f"Written to {file}.")

    def _import(self, file: Path, *, check: bool) -> None:
        faults: list[Fault] = []
        entry = open_source(file, file=str(file), faults=faults)
        found = files.read(entry, name=file.stem, known_series=known_series(), now=timezone.now()) if entry else None
        if found is None or faults:
            raise _refusal(faults)
        try:
            done = importing.put_in(found=found, keep=not check)
        except FaultsError as error:
            raise _refusal(error.faults) from None
        for line in done.said or ["Nothing to do: the survey is what the file says."]:
            self.stdout.write(line)
        if check:
            self.stdout.write("Checked only: nothing was written.")


def _refusal(faults: list[Fault]) -> CommandError:
    count = len(set(faults))
    said = "1 fault" if count == 1 else f"{count} faults"
    return CommandError(f"{said}, nothing was written:\n{FaultsError(faults)}")
