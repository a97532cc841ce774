"""Staff's own wordings as they are now, in emails and on pages."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy as _

from core.models import CachedValue
from office.texts.markup import fill_placeholders, plain_text
from office.texts.models import TextVersion
from office.texts.sources import get_sentences, wording_error

Wordings = Mapping[str, Mapping[str, str]]  # language → our sentence in it → staff's wording


def unused_reason(version: TextVersion) -> str | Promise:
    """Why readers don't get this wording, even if it was approved: a release has changed our sentence or locked it.

    "" if they do.
    """
    sentence = get_sentences().get(version.key)
    return wording_error(sentence, version.text) if sentence else _("Our own wording has changed with a new version of the site.")


def live_wordings() -> Wordings:
    """The approved wordings that today's rules still allow."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for version in TextVersion.objects.live().order_by("pk"):
        if not unused_reason(version):
            found[version.language][version.ours] = version.text
    return dict(found)


CACHED_WORDINGS: CachedValue[Wordings] = CachedValue("site_texts", live_wordings, dict)


def current_wordings() -> Mapping[str, str]:
    """The wordings in the current language, as this request or task sees them."""
    return CACHED_WORDINGS.get().get(get_language() or "", {})


@contextmanager
def preview_wording(language: str, ours: str, text: str) -> Iterator[None]:
    """Pretends, for a preview, that this wording is approved."""
    now = CACHED_WORDINGS.get()
    with CACHED_WORDINGS.override({**now, language: {**now.get(language, {}), ours: text}}):
        yield


def worded_text(ours: str, values: Mapping[str, object]) -> str:
    """A sentence of ours that is in no template, such as an email's subject, in staff's own wording if there is one."""
    own = current_wordings().get(ours)
    return ours % values if own is None else fill_placeholders(plain_text(own), values)
