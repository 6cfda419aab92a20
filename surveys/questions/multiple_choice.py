"""Any number of answers out of several."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from naatbatt.charts import Bars
from surveys import results
from surveys.questions.base import QuestionSpec, SettingsForm
from surveys.questions.choices import (
    OTHER,
    Boxes,
    ChoiceSettings,
    Listed,
    arrange_choices,
    key_of,
    labels_of,
    leading,
    other_words,
    share_bars,
    takes_other,
)
from surveys.results import Counted, Tally


class Keys(forms.Field):
    """Option keys as staff write them, "none, unsure", or as a list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[str]:
        found = value.replace(",", " ").split() if isinstance(value, str) else value or []
        if not isinstance(found, list | tuple) or not all(isinstance(key, str) for key in found):
            raise ValidationError(_("Write keys of options."), code="invalid")
        return [*found]


class MultipleSettings(ChoiceSettings):
    least = forms.IntegerField(
        label=gettext_lazy("at least"), required=False, min_value=1, max_value=100,
        help_text=gettext_lazy("Of those who answer."),
    )  # fmt: skip
    most = forms.IntegerField(label=gettext_lazy("at most"), required=False, min_value=1, max_value=100)
    exclusive = Keys(
        label=gettext_lazy("stand alone"),
        help_text=gettext_lazy("Keys of options that go with no other one, such as “none of these”."),
    )

    def clean(self) -> dict[str, Any]:
        least, most = self.cleaned_data.get("least"), self.cleaned_data.get("most")
        if least and most and least > most:
            self.add_error("most", _("This must be at least as many as the smallest number of picks."))
        return super().clean()


class SeveralOf(forms.MultipleChoiceField):
    """Keys in the order asked, each once, {"other": words} last; None where nothing was ticked."""

    widget = Boxes

    def __init__(self, spec: QuestionSpec) -> None:
        super().__init__(required=False, choices=list(labels_of(spec).items()))
        self.spec, self.order = spec, list(labels_of(spec))
        self.least, self.most = spec.settings.get("least", 0), spec.settings.get("most", 0)
        self.other = self.widget.takes_words = takes_other(spec)
        self.help_text = self.bounds()
        # Django's own message would repeat whatever was sent.
        self.error_messages["invalid_choice"] = _("Choose among the listed answers.")

    def bounds(self) -> str:
        if self.least and self.least == self.most:
            return ngettext("Choose exactly %(most)d.", "Choose exactly %(most)d.", self.most) % {"most": self.most}
        if self.least and self.most:
            return _("Choose %(least)d to %(most)d.") % {"least": self.least, "most": self.most}
        if self.most:
            return _("Choose at most %(most)d.") % {"most": self.most}
        return _("Choose at least %(least)d.") % {"least": self.least} if self.least > 1 else ""

    def clean(self, value: Any) -> list[Any] | None:
        said: list[dict[str, str]] = []
        if self.other and isinstance(value, list | tuple):
            words = [item for item in value if isinstance(item, Mapping) or item == OTHER]
            if len(words) > 1:
                raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
            said = [other_words({OTHER: ""} if item == OTHER else item) for item in words]
            value = [item for item in value if not isinstance(item, Mapping) and item != OTHER]
        chosen = super().clean(value)
        found = [*(key for key in self.order if key in chosen), *said]
        if found:
            self.check(found)
        return found or None

    def check(self, found: list[Any]) -> None:
        labels = self.spec.labels
        alone = [key for key in self.spec.settings.get("exclusive", ()) if key in found]
        if alone and len(found) > 1:
            raise ValidationError(
                _("“%(label)s” goes with no other answer. Take it away, or the others.")
                % {"label": labels[alone[0]][:50]},
                code="exclusive",
            )
        if alone:
            return  # it says that nothing else applies, however many were asked for
        if self.most and len(found) > self.most:
            raise ValidationError(_("%(number)d are too many. %(bounds)s") % self._told(found), code="too_many")
        if len(found) < self.least:
            raise ValidationError(_("%(number)d are too few. %(bounds)s") % self._told(found), code="too_few")

    def _told(self, found: list[Any]) -> dict[str, Any]:
        return {"number": len(found), "bounds": self.bounds()}


class MultipleChoice(Listed):
    kind = "multiple_choice"
    label = gettext_lazy("multiple choice")

    def settings_form(self) -> type[SettingsForm]:
        return MultipleSettings

    def joint_problems(self, spec: QuestionSpec) -> list[str]:
        found = super().joint_problems(spec)
        found += [
            _("exclusive: “%(key)s” is no key of an option.") % {"key": key}
            for key in spec.settings.get("exclusive", ())
            if key not in spec.labels
        ]
        offered = len(labels_of(spec)) - len(spec.settings.get("exclusive", ()))
        found += [
            _("%(name)s: there are only %(number)d to choose from.") % {"name": name, "number": offered}
            for name in ("least", "most")
            if spec.settings.get(name, 0) > offered
        ]
        return found

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="depends",
            kind=self.kind,
            prompt="For whom does it matter where cells are made?",
            settings={"other": True, "most": 3, "exclusive": ["none"], "offers": ["prefer_not"]},
            options=(
                {"key": "defense", "label": "Defense"},
                {"key": "data-centers", "label": "AI data centers"},
                {"key": "vehicles", "label": "Electric vehicles"},
                {"key": "none", "label": "None of these"},
            ),
        )
        return spec, [["defense"], ["defense", "vehicles"], ["none"], ["data-centers", {OTHER: "Hospitals"}]]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return SeveralOf(spec)

    def arrange(self, field: forms.Field, spec: QuestionSpec, *, seed: str) -> None:
        arrange_choices(field, spec, seed=seed, last=spec.settings.get("exclusive", ()))

    def frozen(self, stored: Any) -> Any:
        return None if stored is None else [key_of(item) for item in stored]

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return "; ".join(
            _("Other: %(words)s") % {"words": item[OTHER]}
            if isinstance(item, Mapping)
            else labels_of(spec).get(item, item)
            for item in stored
        )

    def words(self, stored: Any, comment: str) -> str:
        return "\n\n".join(part for part in (_said(stored), comment) if part)

    def pickable(self, spec: QuestionSpec) -> dict[str, str]:
        return labels_of(spec)

    def picked(self, spec: QuestionSpec, value: Any) -> frozenset[str]:
        return frozenset(key_of(item) for item in value)

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """The base is people, not ticks: shares need not add up to 100. The ticks are the measure "picks"."""
        opinions = results.opinions(answers)
        ticks = [Counted(key_of(item), opinion.sector) for opinion in opinions for item in opinion.value]
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(labels_of(spec), ticks),
            measures={"picks": len(ticks)} if ticks else {},
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Bars | None:
        return share_bars(
            spec, shown, _shares(shown), names=names, description=" ".join(self.reading(spec, shown, names=names))
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        sentences = leading(spec, shown, _shares(shown))
        return [*sentences, _("More than one answer was possible.")] if sentences else []

    def columns(self, spec: QuestionSpec) -> list[str]:
        words = [f"{spec.key}_other_words"] if takes_other(spec) else []
        return [*(f"{spec.key}_{key}" for key in labels_of(spec)), *words]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        keys = [] if stored is None else [key_of(item) for item in stored]
        words = [_said(stored) or None] if takes_other(spec) else []
        return [*(None if stored is None else int(key in keys) for key in labels_of(spec)), *words]


def _said(stored: Any) -> str:
    return next((item[OTHER] for item in stored or () if isinstance(item, Mapping)), "")


def _shares(shown: Mapping[str, Tally]) -> dict[str, int]:
    everyone = shown.get("all", Tally(asked=0, base=0))
    return {key: results.percent(count, everyone.base) for key, count in everyone.counts.items()}
