"""Translations of a leaflet, and other forms of print."""

from django.db import transaction
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import Format, Language, Leaflet
from leaflets.models.versions import version_in_words


class VersionIsThere(DomainError):
    message: str | Promise = _("This title has that version already.")


@transaction.atomic
def add_version(*, leaflet: Leaflet, language: Language, form: Format) -> Leaflet:
    """A copy of the title outside the catalogue, whose words staff then replace. Raises VersionIsThere."""
    title = Leaflet.objects.select_for_update(no_key=True).get(pk=leaflet.pk)
    same = (title.language, title.format) == (language, form)
    if same or title.versions.filter(language=language, format=form).exists():
        raise VersionIsThere
    said = version_in_words(language, form) or str(Language.ENGLISH.label)
    copied = ("for_whom", "audience", "summary", "topics", "introduction", "situations", "signs", "what_to_do")
    figures = ("usual_copies", "usual_words", "most_per_order", "most_per_person", "most_per_workplace", "position")
    return Leaflet.objects.create(
        slug=free_slug(f"{title.slug}-{slugify(said)}"),
        title=f"{title.title[:150]} ({said})",
        language=language,
        format=form,
        version_of=title,
        active=False,
        **{name: getattr(title, name) for name in (*copied, *figures)},
    )


def free_slug(wanted: str) -> str:
    """Itself, or with a number, within what an address may have."""
    wanted, number = wanted[:45], 1
    slug = wanted
    while Leaflet.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{wanted}-{number}"
    return slug
