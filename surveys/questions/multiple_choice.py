from django.utils.translation import gettext_lazy as _

from surveys.questions.base import QuestionType


class MultipleChoice(QuestionType):
    kind = "multiple_choice"
    label = _("multiple choice")
