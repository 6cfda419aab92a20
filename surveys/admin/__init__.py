"""Surveys for staff. Pages are composed for reading; whatever changes something calls the same story as the site."""

from surveys.admin import answers, contributors, frozen, invitations, nominations, open_views, rounds, surveys

__all__ = ["answers", "contributors", "frozen", "invitations", "nominations", "open_views", "rounds", "surveys"]
