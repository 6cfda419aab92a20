from django.utils.translation import gettext_lazy as _

from surveys.questions.base import QuestionType


class Statement(QuestionType):
    kind = "statement"
    label = _("agree/disagree statement")
