"""The pages behind a personal link. GET shows where things stand and changes nothing; only a POST from a form does.

There is no session and no cookie: what a page says after a press of a button ("Draft saved 12:04") is read from the
rows, so it is as true on another device and after a reload.
"""

from surveys.views.asking import answer, thanks
from surveys.views.personal import WRONG_LINKS, wrong_link

__all__ = ["WRONG_LINKS", "answer", "thanks", "wrong_link"]
