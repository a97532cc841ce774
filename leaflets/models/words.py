"""The words by which the catalogue is searched. Triggers keep them, whoever writes a title; see ADR 39."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from leaflets.models.leaflet import Leaflet


class LeafletWords(models.Model):
    """Of each title that is in the catalogue, apart from it, so that no page that shows a title has to read them.

    `words` are those of everything that is said of it and in it, `heading` of what stands on its card alone: what is found
    there comes first. `spelt` are the same words as they are spelt, for those who misspell them.
    """

    leaflet = models.OneToOneField(
        Leaflet, verbose_name=_("leaflet"), primary_key=True, on_delete=models.CASCADE, related_name="words_of"
    )
    words = SearchVectorField(_("words"))
    heading = SearchVectorField(_("words of its card"))
    spelt = ArrayField(models.CharField(max_length=60), verbose_name=_("words as they are spelt"))

    class Meta:
        verbose_name = _("words of a leaflet")
        verbose_name_plural = _("words of leaflets")
        indexes = [GinIndex(fields=["words"], name="leaflet_found_by_words")]

    def __str__(self) -> str:
        return str(self.leaflet_id)


class Word(models.Model):
    """A word of the catalogue, and in how many of its titles it is."""

    word = models.CharField(_("word"), max_length=60, primary_key=True)
    titles = models.PositiveIntegerField(_("titles that have it"))

    class Meta:
        verbose_name = _("word")
        verbose_name_plural = _("words")
        indexes = [GinIndex(OpClass("word", name="gin_trgm_ops"), name="word_found_by_likeness")]

    def __str__(self) -> str:
        return self.word
