"""The play: one week of the series, by the verbs that the site's pages, admin and worker use. Runs on a stage only."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.management import call_command
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from naatbatt.celery import app
from naatbatt.demo import cast, stage
from naatbatt.demo.ledger import Equation, Ledger
from naatbatt.demo.visitor import Mailbox, PageForm, Visitor, link_in
from naatbatt.mail.models import OutgoingMail
from posts import newsletter, publishing
from posts.models import Author, Issue, IssueRecipient, Post, Subscriber
from surveys import invitations, moderation, open_views, rounds
from surveys.models import Answer, Contributor, Invitation, OpenView, Response, Round, Snapshot, Summary
from surveys.open_forms import OpenViewForm

PATIENCE = 30.0  # seconds for any one thing that the worker is to do
State = OutgoingMail.State


class StuckError(Exception):
    """Something that should have happened did not, in `PATIENCE` seconds."""


class Story:
    def __init__(self, say: Callable[[str], object]) -> None:
        self.mailbox = Mailbox(settings.VAR_DIR / "outbox")
        self._say = say
        self._began = time.monotonic()
        # Read by those who play, so that each says what it counted itself; the ledger compares it with the site.
        self.edits_after_submitting = 0
        self.edits_proposed = 0

    def play(self) -> Ledger:
        self.build()
        self.readers_subscribe()
        self.last_week_goes_out()
        self.panel_is_invited()
        self.some_answer_at_once()
        self.reader_offers_a_view()
        self.reminder_goes_out()
        self.the_others_answer()
        self.words_are_moderated()
        snapshot = self.round_closes()
        issue = self.summary_goes_out(snapshot)
        self.panel_is_asked_again(snapshot)
        self.some_speak_behind_closed_doors()
        return self.ledger(snapshot, issue)

    # --- telling, waiting, asking the worker

    def tell(self, step: str, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:5.1f} s  {step:<11}  {what}")

    def wait(self, what: str, until: Callable[[], Any]) -> None:
        """Look again and again until it is so."""
        given_up_at = time.monotonic() + PATIENCE
        while not until():
            if time.monotonic() > given_up_at:
                log = stage.last_lines(settings.VAR_DIR / "worker.log")
                raise StuckError(f"Waited {PATIENCE:.0f} seconds for {what}. The worker's last words:\n{log}")
            time.sleep(0.05)

    def mails_are_settled(self, what: str) -> None:
        """Everything that was written has left, or will not leave."""
        self.wait(what, lambda: not OutgoingMail.objects.unsettled().exists())

    @staticmethod
    def timetable(entry: str) -> None:
        """Have the worker do now what the timetable would have it do within the minute."""
        app.send_task(app.conf.beat_schedule[entry]["task"])

    def letter(self, key: str) -> Any:
        """The mail with this key, as the server took it."""
        return self.mailbox.letter(OutgoingMail.objects.values_list("message_id", flat=True).get(key=key))

    # --- the week

    def build(self) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("seed", verbosity=0)
        # Whoever moderates is written down; nobody can log in as them (no usable password).
        self.editor: AbstractBaseUser = get_user_model().objects.create_user("sample-editor")
        counts = f"{Post.objects.published().count()} posts, {Contributor.objects.count()} sample contributors"
        self.tell("seed", f"{counts}, {Round.objects.open().count()} open round")

    def readers_subscribe(self) -> None:
        for address in cast.READERS:
            newsletter.subscribe(email=address)
        self.mails_are_settled("the confirmation mails")
        for number, subscriber in enumerate(Subscriber.objects.order_by("pk")):
            link = link_in(self.letter(f"newsletter-confirm:{subscriber.pk}:1"), "n")
            visitor = Visitor(number)
            form = visitor.form(link, button="")
            visitor.press(link, form, button="")
        self.tell("subscribe", f"{len(cast.READERS)} asked, {Subscriber.objects.confirmed().count()} confirmed by link")

    def last_week_goes_out(self) -> None:
        """The last part of the series as an issue, and two readers who have had enough of it."""
        post = Post.objects.published().latest("published_at")
        issue = self.send(post)
        for address in (cast.LEAVES_BY_PAGE, cast.LEAVES_BY_ONE_CLICK):
            subscriber = Subscriber.objects.get(email=address)
            letter = self.letter(f"issue:{issue.pk}:{subscriber.pk}")
            if address == cast.LEAVES_BY_PAGE:
                link, visitor = link_in(letter, "u"), Visitor(200)
                visitor.press(link, visitor.form(link, button=""), button="")
            else:  # as a mail program does it: the address of the header, and this body (RFC 8058)
                link = letter["List-Unsubscribe"].strip("<>")
                one_click = PageForm(buttons={"One-Click": "List-Unsubscribe"})
                Visitor(201).press(link, one_click, button="One-Click")
        gone = Subscriber.objects.filter(state=Subscriber.State.UNSUBSCRIBED).count()
        self.tell("newsletter", f"“{post.title}” to {issue.recipients.count()}; {gone} unsubscribed")

    def send(self, post: Post) -> Issue:
        """Schedule the issue for now; the worker sends it."""
        issue = newsletter.prepare_issue(post=post, send_at=timezone.now())
        self.timetable("send due issues")
        self.wait("the issue", lambda: Issue.objects.filter(pk=issue.pk, state=Issue.State.SENT).exists())
        self.mails_are_settled("the mails of the issue")
        return Issue.objects.get(pk=issue.pk)

    def panel_is_invited(self) -> None:
        self.survey_round = Round.objects.open().get()
        self.first_round = self.survey_round
        panel: list[Contributor] = []
        for sector, size in cast.PANEL.items():
            panel += Contributor.objects.filter(sector=sector).order_by("email")[:size]
        invitations.invite(survey_round=self.survey_round, contributors=panel)
        self.everybody_is_written_to()
        invited = Invitation.objects.filter(survey_round=self.survey_round)
        states = Counter(invited.values_list("mail__state", flat=True))
        self.tell("invite", f"{len(panel)} invited: {states[State.SENT]} mails taken, {states[State.FAILED]} refused")
        self.parts = cast.give_parts(panel)

    def some_answer_at_once(self) -> None:
        parts = self.parts
        for number, person in enumerate(parts.at_once):
            # One of them presses the button twice: the same form again, as browsers do. One answer, one mail.
            self.answer(person, "invitation", times=2 if number == 2 else 1)
        self.answer(parts.leaves_a_draft[0], "invitation", draft=True)
        self.decline(parts.decliner)
        self.mails_are_settled("the thank-you mails")
        self.tell("answer", f"{self.submitted()} submitted (one pressed twice), 1 draft, 1 declined")

    def reader_offers_a_view(self) -> None:
        """By the public page, as anybody may; nothing of it comes near the panel's answers."""
        page, visitor = reverse("surveys:offer_view", args=[self.survey_round.survey.slug]), Visitor(220)
        form = visitor.form(page, button="")
        for name, words in cast.ONLOOKER.items():
            form.controls[name].holds = [words]
        form.controls["consent"].holds = ["on"]  # what browsers send for a box without a value
        time.sleep(OpenViewForm.QUICKEST.total_seconds() + 0.1)  # nobody types that fast, so the form would ask again
        visitor.press(page, form, button="")
        view = OpenView.objects.get()
        self.mails_are_settled("the mail to the reader")
        link = link_in(self.letter(OutgoingMail.objects.get(name="open_view_confirm").key), "v")
        visitor.press(link, visitor.form(link, button="confirm"), button="confirm")
        view.refresh_from_db()
        self.tell("open view", f"1 reader offered a view: {view.get_state_display()}")

    def reminder_goes_out(self) -> None:
        row = Round.objects.get(pk=self.survey_round.pk)
        row.remind_at = timezone.now()
        row.save(update_fields=["remind_at"])
        self.timetable("advance rounds")
        self.wait("the reminder", lambda: Round.objects.filter(pk=row.pk, reminded_at__isnull=False).exists())
        self.mails_are_settled("the reminder mails")
        reminded = OutgoingMail.objects.filter(name="survey_reminder").count()
        self.tell("remind", f"{reminded} reminded: those who had neither answered, declined, nor proved unreachable")

    def the_others_answer(self) -> None:
        parts = self.parts
        *others, advertiser, writer = parts.after_reminder
        for person in others:
            self.answer(person, "reminder")
        self.answer(advertiser, "reminder", words=cast.ADVERTISEMENT)
        self.answer(writer, "reminder", words=cast.ROUGH)
        self.answer(parts.leaves_a_draft[1], "reminder", draft=True)
        # Somebody thinks again, with the answers that are already in.
        self.answer(parts.at_once[0], "invitation", words=cast.SECOND_THOUGHTS)
        self.edits_after_submitting += 1
        self.mails_are_settled("the thank-you mails")
        thanked = OutgoingMail.objects.filter(name="survey_thanks").count()
        self.tell("answer", f"{self.submitted()} submitted, 1 edited after submitting; {thanked} thank-you mails")

    def answer(
        self, person: Contributor, mail: str, *, words: str = "", draft: bool = False, times: int = 1
    ) -> None:  # fmt: skip
        """Open the link of the mail, answer page by page, read it through, submit. `words` are for the free text."""
        if words:
            self.parts.words[person.email, "step"] = words
        page, visitor = self.link_of(person, mail)
        review = f"{page}review/"
        while page != review:
            form = visitor.form(page, button="next")
            cast.fill_in(form, person, self.parts.words, draft=draft)
            if draft:
                visitor.press(page, form, button="save")
                return
            page = visitor.press(page, form, button="next")
        self.submit(person, review, visitor, times=times)

    def submit(self, person: Contributor, review: str, visitor: Visitor, *, times: int = 1) -> None:
        form = visitor.form(review, button="submit")
        cast.choose_line(form, person)
        for _time in range(times):
            visitor.press(review, form, button="submit")

    def decline(self, person: Contributor) -> None:
        link, visitor = self.link_of(person, "invitation")
        ways_out = f"{link}leave/"
        form = visitor.form(ways_out, button="may_not")
        form.controls["reason"].holds = [cast.REFUSAL]
        visitor.press(ways_out, form, button="may_not")

    def link_of(self, person: Contributor, mail: str) -> tuple[str, Visitor]:
        invitation = Invitation.objects.get(survey_round=self.survey_round, contributor=person)
        key = f"survey-{mail}:{invitation.pk}{':1' if mail == 'reminder' else ''}"
        return link_in(self.letter(key), "a"), Visitor(invitation.pk)

    def submitted(self) -> int:
        return Response.objects.filter(
            invitation__survey_round=self.survey_round, submitted_at__isnull=False
        ).count()  # fmt: skip

    def words_are_moderated(self) -> None:
        waiting = Answer.objects.awaiting_moderation().select_related("question", "response__invitation__contributor")
        approved = rejected = accepted = 0
        for answer in list(waiting):
            if answer.words == cast.ADVERTISEMENT:
                moderation.reject(answer=answer, by=self.editor, reason="Advertises a product.")
                rejected += 1
            elif answer.words == cast.ROUGH:
                moderation.propose_edit(answer=answer, by=self.editor, words=cast.EDITED)
                self.mails_are_settled("the proposed edit")
                self.accept_edit(answer)
                self.edits_proposed += 1
                accepted += Answer.objects.filter(pk=answer.pk, moderation=Answer.Moderation.APPROVED).count()
            else:
                moderation.approve(answer=answer, by=self.editor)
                approved += 1
        for view in OpenView.objects.awaiting():
            open_views.approve(view=view)
        self.tell("moderate", f"{approved} approved, {rejected} rejected, {accepted} edited and accepted by its author")

    def accept_edit(self, answer: Answer) -> None:
        invitation = answer.response.invitation
        mail = OutgoingMail.objects.get(key__startswith=f"survey-edit:{answer.pk}:")
        link, visitor = link_in(self.letter(mail.key), "a"), Visitor(invitation.pk)
        visitor.press(link, visitor.form(link, button="accept_edit"), button="accept_edit")

    def round_closes(self) -> Snapshot:
        row = Round.objects.get(pk=self.survey_round.pk)
        row.closes_at = timezone.now()
        row.save(update_fields=["closes_at"])
        self.timetable("advance rounds")
        self.wait("the frozen result", row.snapshots.exists)
        snapshot = row.snapshots.get()
        self.tell("close", f"snapshot {snapshot.number} frozen, SHA-256 {snapshot.short_hash}…")
        return snapshot

    def summary_goes_out(self, snapshot: Snapshot) -> Issue:
        post = self.summary_of(snapshot)
        self.tell(
            "compile", f"“{post.title}”: {len(post.body.split())} words, {post.body.count('```survey-figure')} figures"
        )
        post.authors.set(Author.objects.filter(slug="the-data-desk"))  # the editor signs it
        post = publishing.publish(post=post)
        page = Visitor(0).open(post.get_absolute_url())
        self.readers_printed = page.count('class="quote reader"')
        self.tell("publish", f"part {post.part}, {len(page.encode()):,} bytes of HTML")
        issue = self.send(post)
        self.tell("newsletter", f"“{issue.subject}” to {issue.recipients.count()}")
        self.address = settings.SITE_URL + post.get_absolute_url()
        return issue

    def panel_is_asked_again(self, frozen: Snapshot) -> None:
        """A second round: everybody sees what the group answered, most keep their answers, some think again."""
        before = Round.objects.select_related("survey").get(pk=self.first_round.pk)
        now = timezone.now()
        following = rounds.proposed(before, now=now)
        following.opens_at, following.closes_at, following.remind_at = now, now + timedelta(days=7), None
        self.survey_round = rounds.follow(after=before, following=following, answered_only=True)
        self.everybody_is_written_to()
        people = [row.contributor for row in self.survey_round.invitations.select_related("contributor")]
        for number, person in enumerate(people):
            page, visitor = self.link_of(person, "invitation")
            review = f"{page}review/"
            while page != review:
                form = visitor.form(page, button="next")
                if number < cast.CHANGE_THEIR_MIND:
                    cast.think_again(form, person)
                page = visitor.press(page, form, button="next")
            self.submit(person, review, visitor)
        self.mails_are_settled("the thank-you mails of the second round")
        self.asked_again = len(people)
        settled = Round.objects.get(pk=self.survey_round.pk).settled
        self.tell("round 2", f"{len(people)} asked again, {self.submitted()} submitted; {len(settled)} settled before")
        for answer in Answer.objects.awaiting_moderation():
            moderation.approve(answer=answer, by=self.editor)
        self.second = self.round_closes()

    def some_speak_behind_closed_doors(self) -> None:
        """Another survey, under the Chatham House rule. What comes of it names nobody."""
        self.survey_round = Round.objects.get(survey__slug="behind-closed-doors")
        self.survey_round.opens_at, self.survey_round.remind_at = timezone.now(), None
        self.survey_round.save(update_fields=["opens_at", "remind_at"])
        panel: list[Contributor] = []
        for sector, size in cast.CLOSED_PANEL.items():
            panel += Contributor.objects.filter(sector=sector).order_by("email")[:size]
        invitations.invite(survey_round=self.survey_round, contributors=panel)
        self.everybody_is_written_to()
        answering = panel[: -cast.CLOSED_SILENT]
        for person, words in zip(answering, cast.CLOSED_WORDS, strict=False):
            self.parts.words[person.email, "unsaid"] = words
        for person in answering:
            self.answer(person, "invitation")
        self.mails_are_settled("the thank-you mails of the survey behind closed doors")
        for answer in Answer.objects.awaiting_moderation():
            moderation.approve(answer=answer, by=self.editor)
        snapshot = self.round_closes()
        post = self.summary_of(snapshot)
        self.answered_behind_closed_doors = len(answering)
        self.names_printed = sum(person.name in post.body or person.affiliation in post.body for person in panel)
        self.tell("closed door", f"{len(answering)} of {len(panel)} answered; the draft names {self.names_printed}")

    def everybody_is_written_to(self) -> None:
        self.timetable("advance rounds")
        invited = Invitation.objects.filter(survey_round=self.survey_round)
        self.wait("the invitations", lambda: not invited.unsolicited().exists())
        self.mails_are_settled("the invitation mails")

    def summary_of(self, snapshot: Snapshot) -> Post:
        self.timetable("compile summaries")
        self.wait("the summary", lambda: Summary.objects.filter(snapshot=snapshot, post__isnull=False).exists())
        return Post.objects.get(pk=Summary.objects.values_list("post", flat=True).get(snapshot=snapshot))

    # --- the balance

    def ledger(self, snapshot: Snapshot, issue: Issue) -> Ledger:
        """Both sides of each equation from different places: what was meant, what rows say, what the server took."""
        connections.close_all()  # nothing is read from a transaction that began before the last mail left
        mails = OutgoingMail.objects.all()
        states = Counter(mails.values_list("state", flat=True))
        names = Counter(mails.values_list("name", flat=True))
        standing = invitations.disposition_counts(survey_round=self.first_round)["all"]
        first_issue = Issue.objects.exclude(pk=issue.pk).get()
        readers = Counter(Subscriber.objects.values_list("state", flat=True))
        disposition = Invitation.Disposition
        asked_for = {
            "confirmations": len(cast.READERS),
            "invitations": sum(cast.PANEL.values()),
            "invitations to round 2": self.asked_again,
            "invitations behind closed doors": sum(cast.CLOSED_PANEL.values()),
            "reminders": sum(cast.PANEL.values()) - cast.ANSWER_AT_ONCE - 2,  # one declined, one is unreachable
            "thank-yous": cast.ANSWER_AT_ONCE + cast.ANSWER_AFTER_REMINDER + self.edits_after_submitting,
            "thank-yous of round 2": self.asked_again,
            "thank-yous behind closed doors": self.answered_behind_closed_doors,
            "proposed edits": self.edits_proposed,
            "readers’ views": 1,
            "issues": first_issue.recipients.count() + issue.recipients.count(),
        }
        return Ledger(
            (
                self._sum("invited", sum(cast.PANEL.values()), standing, [
                    disposition.COMPLETE, disposition.PARTIAL, disposition.DECLINED, disposition.UNDELIVERABLE,
                    disposition.NO_REPLY,
                ]),
                Equation("complete", standing[disposition.COMPLETE], {
                    "counted in the snapshot": len(snapshot.data()["questions"][0]["rows"]),
                }),
                Equation("complete in round 2", self.asked_again, {
                    "counted in its snapshot": len(self.second.data()["questions"][0]["rows"]),
                }),
                Equation("names to be kept", 0, {"printed of those behind closed doors": self.names_printed}),
                Equation("readers’ views approved", OpenView.objects.filter(state=OpenView.State.APPROVED).count(), {
                    "printed beside the panel": self.readers_printed,
                }),
                self._sum("mails enqueued", mails.count(), states, [State.SENT, State.SUPPRESSED, State.FAILED]),
                Equation("mails enqueued", sum(names.values()), asked_for),
                Equation("mails sent", states[State.SENT], {"taken by the server": self.mailbox.count()}),
                Equation("taken by the server", self.mailbox.count(), {"different mails": self.mailbox.different()}),
                self._sum("subscribers", len(cast.READERS), readers, [
                    Subscriber.State.CONFIRMED, Subscriber.State.UNSUBSCRIBED,
                ]),
                Equation("frozen audience", issue.recipients.count(), {
                    "sent": IssueRecipient.objects.filter(issue=issue, mail__state=State.SENT).count(),
                    "suppressed": IssueRecipient.objects.filter(issue=issue, mail__state=State.SUPPRESSED).count(),
                }),
                Equation("confirmed", readers[Subscriber.State.CONFIRMED], {
                    "in the frozen audience": issue.recipients.count(),
                }),
            )
        )  # fmt: skip

    @staticmethod
    def _sum(name: str, whole: int, counts: Any, kinds: Sequence[Any]) -> Equation:
        return Equation(name, whole, {str(kind.label).split(" (")[0]: counts[kind] for kind in kinds})
