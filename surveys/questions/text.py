from django.utils.translation import gettext_lazy as _

from surveys.questions.base import QuestionType


class Text(QuestionType):
    kind = "text"
    label = _("free text")
