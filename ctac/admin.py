"""The line of the first-run check about the Welsh of our strings."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.translation import gettext as _, gettext_lazy

from ctac import welsh
from staff.first_run import CONTENT_SECTION, FirstRunCheck, Light, register_first_run_check


def check_approved_welsh(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    po = welsh.read_po_file()
    if len(po.translated_entries()) < len(po) or any(True for _entry in welsh.entries_to_approve(po)):
        sentence = _(
            "Some Welsh waits for a reader, and is shown in English until then. To list it, run manage.py approve_welsh."
        )
        yield FirstRunCheck(gettext_lazy("Welsh"), Light.AMBER, sentence)
    else:
        yield FirstRunCheck(gettext_lazy("Welsh"), Light.GREEN, _("A reader has approved all the Welsh."))


register_first_run_check(CONTENT_SECTION, gettext_lazy("Welsh"), check_approved_welsh)
