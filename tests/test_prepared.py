"""Queries whose SQL is written once."""

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from naatbatt.prepared import Prepared
from surveys.models import Contributor, Invitation, Question
from tests.factories import InvitationFactory, QuestionFactory

pytestmark = pytest.mark.django_db


def test_the_same_rows_come_as_from_the_query_itself(django_assert_num_queries):
    rows = [InvitationFactory() for _ in range(2)]
    found = Prepared(
        lambda pk: Invitation.objects.select_related("survey_round__survey", "contributor", "response").filter(pk=pk)
    )
    for row in (*rows, rows[0]):
        with django_assert_num_queries(1):
            (again,) = found(row.pk)
            assert again == row
            assert (again._state.db, again._state.adding) == ("default", False)
            assert again.survey_round.survey == row.survey_round.survey
            assert again.contributor.name == row.contributor.name
            assert again.created_at == row.created_at
            assert not hasattr(again, "response")  # known to be missing, and not asked for again
    assert found(0) == []


def test_order_and_what_the_database_keeps_as_text_are_as_ever():
    first = QuestionFactory(position=2, settings={"unit": "%"}, kind="number")
    second = QuestionFactory(survey=first.survey, position=1)
    found = Prepared(lambda survey: Question.objects.select_related("section").filter(survey=survey))
    assert [(each, each.settings, each.section) for each in found(first.survey_id)] == [
        (second, second.settings, None), (first, {"unit": "%"}, None),
    ]  # fmt: skip


def test_a_changed_row_is_read_as_it_is_now():
    person = InvitationFactory().contributor
    found = Prepared(lambda pk: Contributor.objects.filter(pk=pk))
    assert found(person.pk)[0].name == person.name
    Contributor.objects.update(name="Someone Else")
    assert found(person.pk)[0].name == "Someone Else"


@pytest.mark.django_db(transaction=True)
def test_a_lock_needs_a_transaction_every_time():
    row = InvitationFactory()
    locked = Prepared(lambda pk: Invitation.objects.select_for_update().only("pk").filter(pk=pk))
    with transaction.atomic():
        (same,) = locked(row.pk)
        assert same == row
        assert same.get_deferred_fields()
    assert not connection.in_atomic_block
    with pytest.raises(TransactionManagementError):
        locked(row.pk)
