"""A survey as a whole: its questionnaire on paper, as a file, and copied."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import validate_slug
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from surveys import conditions, definitions, files, questionnaires, quoting
from surveys.admin.pages import Steps, change_address
from surveys.forms import AnswerForm
from surveys.models import Contributor, Question, Sector, Survey
from surveys.pages import paginate
from surveys.publishing import prose_html


class DuplicateForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=160, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    slug = forms.CharField(
        label=gettext_lazy("Slug"),
        max_length=80,
        validators=[validate_slug],
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if Survey.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("There is a survey with that slug already."))
        return slug


class Instrument(Steps):
    """What can be done with a survey as a whole, on pages of its own."""

    def get_urls(self) -> list[URLPattern]:
        pages = {"print": require_safe(self.print_page), "export": require_safe(self.export), "duplicate": self.copy}
        own = [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(page), name=f"surveys_survey_{name}")
            for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    def print_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The questionnaire as a contributor sees it, of nobody in particular, for paper or PDF."""
        survey = self._seen(request, object_id)
        questions = list(survey.questions.current().select_related("section"))
        context = {
            "survey": survey,
            "pages": blank_pages(questions),
            "ways_to_be_quoted": quoting.choices(somebody(), survey),
            "introduction": prose_html(survey.introduction),
            "definitions": definitions.explain(survey, questions),
            "number_of_questions": len(questions),
            "how_long": questionnaires.time_to_answer(questions),
            "survey_address": change_address(survey),
        }
        return TemplateResponse(request, "admin/surveys/survey/print.html", context)

    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What `manage.py survey export` writes."""
        survey = self._seen(request, object_id)
        return HttpResponse(
            files.write(survey),
            content_type="application/toml; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{survey.slug}.toml"'},
        )

    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        survey = self._seen(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        title, slug = questionnaires.free_name(survey)
        form = DuplicateForm(request.POST if request.method == "POST" else None, initial={"title": title, "slug": slug})
        if form.is_valid():
            copied = questionnaires.duplicate(survey=survey, **form.cleaned_data)
            self.log_addition(request, copied, _("Duplicated from %(survey)s.") % {"survey": survey})
            messages.success(request, _("A copy with %(count)d questions. It has no rounds yet.") % {
                "count": copied.questions.count()
            })  # fmt: skip
            return HttpResponseRedirect(change_address(copied))
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": _("Duplicate"), "survey": survey,
            "form": form, "media": self.media,
        }  # fmt: skip
        return TemplateResponse(request, "admin/surveys/survey/duplicate.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        survey: Survey | None = context.get("original")
        if survey is not None:
            questions = list(survey.questions.current())
            context |= {
                "number_of_questions": len(questions), "how_long": questionnaires.time_to_answer(questions)
            }  # fmt: skip
        return super().render_change_form(request, context, *args, **kwargs)

    def _seen(self, request: HttpRequest, object_id: str) -> Survey:
        survey: Survey = self.existing(request, object_id)
        if not self.has_view_permission(request, survey):
            raise PermissionDenied
        return survey


def somebody() -> Contributor:
    """Who is asked, as far as paper knows."""
    return Contributor(name=_("Your name"), affiliation=_("your affiliation"), sector=Sector.INDUSTRY)


def blank_pages(questions: list[Question]) -> list[dict[str, Any]]:
    """The pages that contributors see, each with the form of somebody without a name and without an answer.

    Paper cannot leave a question out: where it is put to some only, it says to whom.
    """
    numbers = {question.key: number for number, question in enumerate(questions, start=1)}
    names = {key: _("question %(number)d") % {"number": number} for key, number in numbers.items()}
    specs = [question.spec for question in questions]
    told = {
        spec.key: format_html(
            '<p class="only-if">{}</p>',
            _("Answer only if %(conditions)s.") % {"conditions": conditions.in_words(specs, spec.show_if, names=names)},
        )
        for spec in specs
        if spec.show_if
    }
    return [
        {
            "section": page.section,
            "introduction": prose_html(page.section.introduction, apart=page.section.key) if page.section else "",
            "form": AnswerForm(questions=page.questions, contributor=somebody(), numbers=numbers, beside=told),
        }
        for page in paginate(questions)
    ]
