"""What is shown or taken home of a presentation, as tagged PDFs: the slide with the link, and a certificate of attendance."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.feedback.queries import full_feedback_link, short_feedback_link
from bookings.models import Afterwards, Given
from ctac.dates import format_day
from ctac.pdf.typesetting import printable, qr_code, typeset
from guidance.contacts.queries import WhoToTell


def certificate(given: Given, name: str, *, who: WhoToTell, made_at: datetime) -> bytes:
    """The name is what its holder typed: it goes into the PDF, and nowhere else."""
    start, end = given.agreed
    hours, minutes = divmod(int((end - start).total_seconds() // 60), 60)
    length = [
        ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
        ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes else "",
    ]
    data = {
        "title": _("Certificate of attendance"),
        "centre": _("Child trafficking advice centre"),
        "name": printable(name),
        "attended": _("attended the presentation"),
        "presentation": printable(given.presentation.title),
        "facts": [
            (_("Day"), format_day(start)),
            (_("Length"), " ".join(filter(None, length))),
            (_("Given by"), _("CTAC, the child trafficking advice centre")),
        ],
        "tell": whom_to_tell(who),
        "foot": _(
            "This certificate says that the person named here was there. It is not an accreditation, and it does not prove that "
            "they are competent. They typed their own name. CTAC keeps no list of names."
        ),
        "site": settings.SITE_URL,
    }
    return typeset("certificate", data, made_at=made_at)


def whom_to_tell(who: WhoToTell) -> list[str]:
    """999 first, then the numbers of the place."""
    return [_("If a child is in immediate danger, call 999."), *who.lines]


def feedback_slide(afterwards: Afterwards, *, who: WhoToTell, made_at: datetime) -> bytes:
    """What a presenter shows at the end."""
    data = {
        "title": _("How was it?"),
        "centre": _("Child trafficking advice centre"),
        "sentence": _("Answer 3 questions. We don’t ask for your name. You can get a certificate of attendance too."),
        "how": _("Scan the code, or type:"),
        "shown": short_feedback_link(afterwards),
        "tell": whom_to_tell(who),
        "code": qr_code(full_feedback_link(afterwards)),
    }
    return typeset("feedback-slide", data, made_at=made_at)
