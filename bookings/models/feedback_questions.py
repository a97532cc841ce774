"""What we ask everybody who was at a presentation: statements, questions, and the scales of their answers."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Agreement(models.IntegerChoices):
    """How far somebody agrees with a sentence. The figure counts for averages."""

    STRONGLY_AGREE = 5, _("I agree strongly")
    AGREE = 4, _("I agree")
    NEITHER = 3, _("I am not sure")
    DISAGREE = 2, _("I disagree")
    STRONGLY_DISAGREE = 1, _("I disagree strongly")


STATEMENTS = {
    "useful": _("The presentation was useful for my work."),
    "clear": _("I understood it well."),
    "ready": _("I know what to do now if I am worried about a child."),
    "arranging": _("It was easy to arrange."),  # asked of the host alone
}
SHARED_STATEMENTS = ("useful", "clear", "ready")


def agreement_field(name: str, **more: Any) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(STATEMENTS[name], choices=Agreement, **more)


class Confidence(models.IntegerChoices):
    """How confident somebody is: before, now, and again three months on. The figure counts for averages."""

    VERY = 5, _("Very confident")
    FAIRLY = 4, _("Fairly confident")
    BETWEEN = 3, _("In between")
    NOT_VERY = 2, _("Not very confident")
    NOT_AT_ALL = 1, _("Not at all confident")


CONFIDENCE_QUESTIONS = {
    "confidence_before": _(
        "Before the presentation, how confident were you that you would notice a trafficked child and know what to do?"
    ),
    "confidence_now": _("How confident are you now that you would notice a trafficked child and know what to do?"),
}


def confidence_field(name: str) -> models.PositiveSmallIntegerField:
    """A field of the model; null in answers from before we asked."""
    return models.PositiveSmallIntegerField(CONFIDENCE_QUESTIONS[name], choices=Confidence, null=True, blank=True)
