"""The stop rule on the page of a question: a measure and its bound, set also where the wording is frozen.

A rule that is refused goes back to that page in its address, and stands there as it was typed beside what is wrong.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import delphi
from surveys.admin.pages import Steps, change_address
from surveys.models import Question

PREFIX = "stop"
LONGEST = 100
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
        super().__init__(data, prefix=PREFIX, label_suffix="", initial=_initial(question.stop_rule))
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
            self._say_what_is_missing(measure)
            for problem in [] if self.errors else delphi.rule_problems(self.question.spec, rule):
                self.add_error(None, problem)
        return {"rule": rule}

    def _say_what_is_missing(self, measure: str) -> None:
        """In the words of the form, before the rule is looked at in those of the file."""
        bound, low, high = (self.cleaned_data.get(name) for name in ("bound", "low", "high"))
        if bound is None and "bound" not in self.errors:
            self.add_error("bound", _("Say the number that the measure is held against."))
        elif bound is not None and not (0 <= bound <= 100 or (measure == "iqr" and bound > 0)):
            told = _("The number is from 0 up.") if measure == "iqr" else _("This is a percentage from 0 to 100.")
            self.add_error("bound", told)
        if measure == "agreement" and "low" in self.fields and not {"low", "high"} & self.errors.keys():
            if low is None or high is None:
                self.add_error("low", _("Say from which number to which they agree."))
            elif low > high:
                self.add_error("low", _("The first number is above the second."))


class StopRules(Steps):
    """Of the admin of questions."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        question: Question | None = context.get("original")
        if question is not None and question.superseded_at is None and not question.type.problems(question.spec):
            context["stop_rule"] = stop_rule_in_words(question)
            if self.may_step(request) and delphi.measures_of(question.type):
                refused = f"{PREFIX}-measure" in request.GET
                context["stop_rule_form"] = StopRuleForm(question, request.GET if refused else None)
        return super().render_change_form(request, context, *args, **kwargs)

    def step_stop_rule(self, request: HttpRequest, question: Question) -> HttpResponse | None:
        form = StopRuleForm(question, request.POST)
        if not form.is_valid():
            messages.error(request, _("The stop rule was not saved. What is wrong with it stands beside it."))
            names = [form.add_prefix(name) for name in form.fields]
            typed = {name: [text[:LONGEST] for text in request.POST.getlist(name)] for name in names}
            return HttpResponseRedirect(f"{change_address(question)}?{urlencode(typed, doseq=True)}#stop-rule")
        question.stop_rule = form.cleaned_data["rule"]
        question.save(update_fields=["stop_rule"])
        messages.success(request, stop_rule_in_words(question))
        return None


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
