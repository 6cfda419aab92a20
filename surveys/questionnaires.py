"""What a survey asks, and how the wording of a question changes once it has been answered."""

from django.db import transaction
from django.utils import timezone

from surveys.models import Question


def reword(*, question: Question) -> Question:
    """The version of the question that may be edited: a copy that supersedes it once it has been answered, else itself.

    Answers stay with the wording they were given to, and results never mix the two. Asked of a question that has been
    superseded already, returns the version that is current.
    """
    with transaction.atomic():
        row = Question.objects.select_for_update().get(pk=question.pk)
        if row.superseded_at is not None:
            return Question.objects.current().get(survey=row.survey_id, key=row.key)
        if not row.is_answered():
            return row
        row.superseded_at = timezone.now()
        row.save(update_fields=["superseded_at"])
        return Question.objects.create(
            survey_id=row.survey_id, key=row.key, version=row.version + 1, position=row.position, kind=row.kind,
            prompt=row.prompt, guidance=row.guidance, required=row.required, settings=row.settings, options=row.options,
        )  # fmt: skip
