"""What the kinds that offer options share: checking the options, choosing one, and drawing the shares."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from naatbatt.charts import Bar, Bars
from surveys.questions.base import QuestionSpec
from surveys.results import Tally

OPTION_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST_LABEL = 300
NO_BREAK = "\N{NO-BREAK SPACE}"


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


class OneOf(forms.TypedChoiceField):
    """One key out of the listed ones; None where none was chosen."""

    widget = forms.RadioSelect

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, empty_value=None, **kwargs)
        # Django's own message would repeat whatever was sent.
        self.error_messages["invalid_choice"] = _("Choose one of the listed answers.")


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
            for key, label in spec.labels.items()
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
    ranked = sorted(spec.labels, key=lambda key: -tally.counts[key])
    top = [key for key in ranked if tally.counts[key] == tally.counts[ranked[0]]]
    named = {
        "labels": _(" and ").join(_("“%(label)s”") % {"label": spec.labels[key]} for key in top),
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
            % {"label": spec.labels[second], "count": tally.counts[second], "share": shares[second]}
        )
    return sentences
