"""The link in the mail to an old address: a page that says what changed, and one button that puts the address back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ctac.errors import DomainError
from ctac.private_pages import keep_private
from ctac.uk import format_moment
from professionals.services import address_changes


@require_http_methods(["GET", "HEAD", "POST"])
def address_put_back(request: HttpRequest, token: str) -> HttpResponse:
    """For whoever reads mail at the old address, signed in or not. Opening it changes nothing; a press does, once."""
    request.address_is_private = True  # type: ignore[attr-defined]
    try:
        return keep_private(request, _answer(request, token), has_a_form=True)
    except DomainError as refused:
        page = render(request, "account/address_not_put_back.html", {"why": refused.message}, status=404)
        return keep_private(request, page, has_a_form=False)


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    if request.method == "POST":
        address_changes.put_back(token=token, now=now)
        return redirect("account_address_put_back", token)
    change = address_changes.change_to_object(token=token, now=now)
    moments = {"changed": format_moment(change.changed_at), "until": format_moment(change.until)}
    return render(request, "account/address_put_back.html", {"change": change, **moments})
