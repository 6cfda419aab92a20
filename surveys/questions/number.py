from django.utils.translation import gettext_lazy as _

from surveys.questions.base import QuestionType


class Number(QuestionType):
    kind = "number"
    label = _("number")
