"""The pages behind a personal link. GET shows where things stand and changes nothing; only a POST from a form does.

There is no session and no cookie: what a page says after a press of a button ("Draft saved 12:04") is read from the
rows, so it is as true on another device and after a reload.
"""

from surveys.views.asking import answer, page
from surveys.views.copies import history, pdf
from surveys.views.late import send_late
from surveys.views.leaving import colleague, leave
from surveys.views.personal import WRONG_LINKS, wrong_link
from surveys.views.reviewing import review, thanks
from surveys.views.saving import save

__all__ = [
    "WRONG_LINKS",
    "answer",
    "colleague",
    "history",
    "leave",
    "page",
    "pdf",
    "review",
    "save",
    "send_late",
    "thanks",
    "wrong_link",
]
