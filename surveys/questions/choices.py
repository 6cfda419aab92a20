"""What the kinds that offer options share: checking the options, choosing among them, "other", and drawing shares."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Bar, Bars
from surveys.questions.base import OFFERS, QuestionSpec, QuestionType, SettingsForm
from surveys.questions.text import Words
from surveys.results import Tally

OPTION_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST_LABEL = 300
NO_BREAK = "\N{NO-BREAK SPACE}"
# The answer that nobody thought of: stored as {"other": "in the contributor's words"}, counted under this key.
OTHER = "other"
LONGEST_OTHER = 200

# --- set up


def choice_problems(options: Any, *, at_least: int = 2) -> list[str]:
    """What is wrong with a list of options, as sentences that name the option. Bears any JSON."""
    if not isinstance(options, Sequence) or isinstance(options, str):
        return [_('The options must be a list of {"key": ..., "label": ...}.')]
    found = [problem for number, option in enumerate(options, start=1) for problem in _option_problems(number, option)]
    if found:
        return found
    keys = Counter(option["key"] for option in options)
    labels = Counter(option["label"].strip().casefold() for option in options)
    if len(options) < at_least:
        found = [_("This kind of question needs at least %(least)d options.") % {"least": at_least}]
    found += [_("The key “%(key)s” is used twice.") % {"key": key} for key, times in keys.items() if times > 1]
    found += [_("The label “%(label)s” is used twice.") % {"label": label} for label, n in labels.items() if n > 1]
    return found


def _option_problems(number: int, option: Any) -> list[str]:
    named: dict[str, Any] = {"number": number, "most": LONGEST_LABEL}
    if not isinstance(option, Mapping) or set(option) != {"key", "label"}:
        return [_('Option %(number)d must have a "key" and a "label", and nothing else.') % named]
    key, label = option["key"], option["label"]
    found = []
    if not isinstance(key, str) or not OPTION_KEY.fullmatch(key):
        found.append(
            _(
                "The key of option %(number)d must be at most 40 small letters, digits, hyphens or underscores, "
                "beginning with a letter or digit."
            )
            % named
        )
    if not isinstance(label, str) or not label.strip():
        found.append(_("Option %(number)d has no label.") % named)
    elif len(label) > LONGEST_LABEL:
        found.append(_("The label of option %(number)d is longer than %(most)d characters.") % named)
    elif not label.isprintable():
        found.append(_("The label of option %(number)d has characters that cannot be printed.") % named)
    return found


class ShuffleSettings(SettingsForm):
    shuffle = forms.BooleanField(
        label=gettext_lazy("in random order"),
        help_text=gettext_lazy("Each contributor gets an order of their own and keeps it."),
        required=False,
    )


class ChoiceSettings(ShuffleSettings):
    other = forms.BooleanField(
        label=gettext_lazy("offers “other”"),
        help_text=gettext_lazy("With a line for the contributor's own words, which you moderate."),
        required=False,
    )


class Listed(QuestionType):
    """A kind whose options are listed by its author."""

    asks_comment = True
    takes_options = True

    def option_problems(self, options: Any) -> list[str]:
        return choice_problems(options)

    def joint_problems(self, spec: QuestionSpec) -> list[str]:
        """Keys that this question needs for something else."""
        taken = {OTHER} if takes_other(spec) else set()
        taken |= {*self.offered(spec)} if self.blanks_among_choices else set()
        return [
            _("The key “%(key)s” is taken by what the settings offer. Give that option another one.") % {"key": key}
            for key in spec.labels
            if key in taken
        ]

    def settings_form(self) -> type[SettingsForm]:
        return ShuffleSettings

    def labels(self, spec: QuestionSpec) -> dict[str, str]:
        return labels_of(spec)


def takes_other(spec: QuestionSpec) -> bool:
    return bool(spec.settings.get("other"))


def labels_of(spec: QuestionSpec) -> dict[str, str]:
    """Option key -> label with "other" at the end, where the question offers it."""
    return {**spec.labels, OTHER: _("Other")} if takes_other(spec) else spec.labels


# --- asked


def shuffled(keys: Iterable[str], *, seed: str, last: Iterable[str] = ()) -> list[str]:
    """An order that is always the same for the same seed; the keys of `last` stay at the end as they are."""
    stay = [*last]
    order = [key for key in keys if key not in stay]
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, no secret
    return [*order, *(key for key in keys if key in stay)]


def arrange_choices(field: Any, spec: QuestionSpec, *, seed: str, last: Iterable[str] = ()) -> None:
    """Shuffle the choices of a field where the question says so. "Other" and the blanks stay at the end."""
    if spec.settings.get("shuffle"):
        choices = dict(field.choices)
        field.choices = [(key, choices[key]) for key in shuffled(choices, seed=seed, last=[*last, OTHER, *OFFERS])]


class WithWords:
    """For widgets with choices: the choice "other" has a line for words beside it, named `<name>.other`."""

    takes_words = False

    def subwidgets(self, name: str, value: Any, attrs: Any = None) -> Iterator[dict[str, Any]]:
        for option in super().subwidgets(name, value, attrs):  # type: ignore[misc]
            if self.takes_words and option["value"] == OTHER:
                identity = f"{option['attrs'].get('id', name)}.{OTHER}"
                option["words"] = {"name": f"{name}.{OTHER}", "id": identity, "value": _words_in(value)}
            yield option

    def posted_words(self, data: Mapping[str, Any], name: str) -> str:
        return str(data.get(f"{name}.{OTHER}") or "") if self.takes_words else ""


class Radios(WithWords, forms.RadioSelect):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        chosen, words = super().value_from_datadict(data, files, name), self.posted_words(data, name)
        if not self.takes_words or not (words.strip() or chosen == OTHER):
            return chosen
        return {OTHER: words, "beside": chosen} if chosen not in (None, "", OTHER) else {OTHER: words}

    def format_value(self, value: Any) -> list[str]:
        return super().format_value(value.get("beside", OTHER) if isinstance(value, Mapping) else value)


class Boxes(WithWords, forms.CheckboxSelectMultiple):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        chosen, words = super().value_from_datadict(data, files, name), self.posted_words(data, name)
        if (
            not self.takes_words
            or not isinstance(chosen, list | None)
            or not (words.strip() or OTHER in (chosen or []))
        ):
            return chosen
        return [*(key for key in chosen or [] if key != OTHER), {OTHER: words}]

    def format_value(self, value: Any) -> list[str]:
        if isinstance(value, list | tuple):
            value = [OTHER if isinstance(item, Mapping) else item for item in value]
        return super().format_value(value)


def _words_in(value: Any) -> str:
    items = value if isinstance(value, list | tuple) else [value]
    return next((str(item.get(OTHER, "")) for item in items if isinstance(item, Mapping)), "")


def other_words(raw: Any) -> dict[str, str]:
    """The value of "other" as it is stored. Raises ValidationError in words."""
    if not isinstance(raw, Mapping) or not {*raw} <= {OTHER}:
        raise ValidationError(_("Choose among the listed answers."), code="invalid_choice")
    said = Words(max_length=LONGEST_OTHER).clean(raw.get(OTHER))
    if not said:
        raise ValidationError(_("Say in a few words what you mean by “Other”."), code="required")
    return {OTHER: " ".join(said.split())}


def key_of(item: Any) -> Any:
    """The option key of what was chosen."""
    return OTHER if isinstance(item, Mapping) else item


class OneOf(forms.TypedChoiceField):
    """One key out of the listed ones, or {"other": words} where that is offered; None where none was chosen."""

    widget = Radios

    def __init__(self, *, other: bool = False, **kwargs: Any) -> None:
        super().__init__(required=False, empty_value=None, **kwargs)
        self.other = self.widget.takes_words = other
        # Django's own message would repeat whatever was sent.
        self.error_messages["invalid_choice"] = _("Choose one of the listed answers.")

    def clean(self, value: Any) -> Any:
        if not self.other or not (value == OTHER or isinstance(value, Mapping)):
            return super().clean(value)
        if isinstance(value, Mapping) and value.get("beside"):
            raise ValidationError(
                _("You have chosen one answer and written another beside “Other”. Choose “Other”, or empty its line."),
                code="ambiguous",
            )
        return other_words({OTHER: ""} if value == OTHER else value)


# --- drawn and told


def share_bars(
    spec: QuestionSpec,
    shown: Mapping[str, Tally],
    shares: Mapping[str, int],
    *,
    names: Mapping[str, str],
    description: str,
) -> Bars | None:
    """A bar an option for everyone's share; below it the counts of everyone and of each sector, with their base."""
    everyone = shown.get("all")
    if everyone is None or not everyone.base:
        return None
    return Bars(
        title=spec.prompt,
        bars=tuple(
            Bar(
                label=label,
                value=shares[key],
                text=_("%(share)d%%") % {"share": shares[key]},
                note=_note(key, shown, names),
            )
            for key, label in labels_of(spec).items()
        ),
        description=description,
        unit="%",
        maximum=100,
    )


def _note(key: str, shown: Mapping[str, Tally], names: Mapping[str, str]) -> str:
    """ "14 of 22: Industry 6 of 9, ...", broken between sectors only. Of so few one says how many, not a percent."""
    counts = {
        group: _("%(count)d of %(base)d") % {"count": tally.counts[key], "base": tally.base}
        for group, tally in shown.items()
        if tally.base
    }
    sectors = [f"{names.get(group, group)} {count}" for group, count in counts.items() if group != "all"]
    everyone, apart = counts["all"].replace(" ", NO_BREAK), ", ".join(part.replace(" ", NO_BREAK) for part in sectors)
    return f"{everyone}: {apart}" if apart else everyone


def leading(spec: QuestionSpec, shown: Mapping[str, Tally], shares: Mapping[str, int]) -> list[str]:
    """Which option most chose, and which comes next, with counts, shares and base. Nothing where there is no base."""
    tally = shown.get("all")
    if tally is None or not tally.base:
        return []
    labels = labels_of(spec)
    ranked = sorted(labels, key=lambda key: -tally.counts[key])
    top = [key for key in ranked if tally.counts[key] == tally.counts[ranked[0]]]
    named = {
        "labels": _(" and ").join(_("“%(label)s”") % {"label": labels[key]} for key in top),
        "count": tally.counts[top[0]],
        "base": tally.base,
        "share": shares[top[0]],
    }
    if len(top) == len(ranked):
        return [_("All answers were chosen equally often, each by %(count)d of %(base)d.") % named]
    if len(top) > 1:
        return [_("%(labels)s were chosen most, each by %(count)d of %(base)d.") % named]
    sentences = [_("%(count)d of %(base)d (%(share)d%%) chose %(labels)s.") % named]
    second = ranked[1]
    if tally.counts[second]:
        sentences.append(
            _("Next is “%(label)s” with %(count)d (%(share)d%%).")
            % {"label": labels[second], "count": tally.counts[second], "share": shares[second]}
        )
    return sentences
