"""A survey as a whole: its questionnaire on paper, as a file, and copied."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import validate_slug
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from surveys import files, questionnaires
from surveys.admin.pages import Steps, change_address
from surveys.forms import AnswerForm
from surveys.models import Contributor, Sector, Survey
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
        form = blank_form(survey)
        context = {
            "survey": survey,
            "form": form,
            "introduction": prose_html(survey.introduction),
            "minutes": questionnaires.minutes_to_answer(form.questions),
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
                "number_of_questions": len(questions), "minutes": questionnaires.minutes_to_answer(questions)
            }  # fmt: skip
        return super().render_change_form(request, context, *args, **kwargs)

    def _seen(self, request: HttpRequest, object_id: str) -> Survey:
        survey: Survey = self.existing(request, object_id)
        if not self.has_view_permission(request, survey):
            raise PermissionDenied
        return survey


def blank_form(survey: Survey) -> AnswerForm:
    """The form of the answer page, as of somebody without a name."""
    somebody = Contributor(name=_("Your name"), affiliation=_("your affiliation"), sector=Sector.INDUSTRY)
    return AnswerForm(questions=survey.questions.current(), contributor=somebody)
