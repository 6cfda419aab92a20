"""The stop rule on the page of a question: a measure and its bound, set also where the wording is frozen."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import delphi
from surveys.admin.pages import Steps
from surveys.models import Question

ANY_NUMBER = forms.NumberInput(attrs={"step": "any"})


class StopRuleForm(forms.Form):
    """Measures that fit the question. Cleans to what is stored: a rule without problems, or none."""

    measure = forms.ChoiceField(label=gettext_lazy("Ask until"), required=False)
    bound = forms.FloatField(
        label=gettext_lazy("…"),
        required=False,
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "aria-label": gettext_lazy("Bound")}),
    )
    answers = forms.MultipleChoiceField(
        label=gettext_lazy("Agreement on"),
        required=False,
        help_text=gettext_lazy("For agreement only. None ticked: on one and the same answer, whichever it is."),
        widget=forms.CheckboxSelectMultiple,
    )
    low = forms.FloatField(label=gettext_lazy("Agreement from"), required=False, widget=ANY_NUMBER)
    high = forms.FloatField(label=gettext_lazy("to"), required=False, widget=ANY_NUMBER)

    def __init__(self, question: Question, data: Any = None) -> None:
        super().__init__(data, prefix="stop", label_suffix="", initial=_initial(question.stop_rule))
        self.question = question
        spec, kind = question.spec, question.type
        fitting = delphi.measures_of(kind)
        measures = [("", _("None: asked in every round")), *((name, delphi.MEASURES[name]) for name in fitting)]
        self.fields["measure"].choices = measures  # type: ignore[attr-defined]
        options = kind.pickable(spec) if "agreement" in fitting else {}
        self.fields["answers"].choices = [*options.items()]  # type: ignore[attr-defined]
        if not options:
            del self.fields["answers"]
        if options or "agreement" not in fitting:
            del self.fields["low"], self.fields["high"]
        if not fitting:
            del self.fields["bound"]

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        measure, rule = cleaned.get("measure"), dict[str, Any]()
        if measure:
            rule = {"measure": measure}
            if cleaned.get("bound") is not None:
                rule[delphi.BOUNDS[measure]] = _plain(cleaned["bound"])
            if measure == "agreement":
                ends = {"from": cleaned.get("low"), "to": cleaned.get("high")}
                rule |= {end: _plain(number) for end, number in ends.items() if number is not None}
                rule |= {"is": cleaned["answers"]} if cleaned.get("answers") else {}
            for problem in delphi.rule_problems(self.question.spec, rule):
                self.add_error(None, problem)
        return {"rule": rule}


class StopRules(Steps):
    """Of the admin of questions."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        question: Question | None = context.get("original")
        if question is not None and question.superseded_at is None and not question.type.problems(question.spec):
            context["stop_rule"] = stop_rule_in_words(question)
            if self.may_step(request) and delphi.measures_of(question.type):
                context["stop_rule_form"] = StopRuleForm(question)
        return super().render_change_form(request, context, *args, **kwargs)

    def step_stop_rule(self, request: HttpRequest, question: Question) -> None:
        form = StopRuleForm(question, request.POST)
        if not form.is_valid():
            for problems in form.errors.values():
                for problem in problems:
                    messages.error(request, _("The stop rule was not saved: %(problem)s") % {"problem": problem})
            return
        question.stop_rule = form.cleaned_data["rule"]
        question.save(update_fields=["stop_rule"])
        messages.success(request, stop_rule_in_words(question))


def stop_rule_in_words(question: Question) -> str:
    if question.type.problems(question.spec) or delphi.rule_problems(question.spec, question.stop_rule):
        return _("The stop rule does not fit the question, so it stops nothing.") if question.stop_rule else ""
    return delphi.rule_in_words(question.spec, question.stop_rule) or _("Asked in every round.")


def _initial(rule: Any) -> dict[str, Any]:
    rule = rule if isinstance(rule, dict) else {}
    return {
        "measure": rule.get("measure", ""),
        "bound": rule.get("at_most", rule.get("at_least")),
        "answers": rule.get("is", []),
        "low": rule.get("from"),
        "high": rule.get("to"),
    }


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else number
