from django.utils.translation import gettext_lazy as _

from surveys.questions.base import QuestionType


class SingleChoice(QuestionType):
    kind = "single_choice"
    label = _("single choice")
