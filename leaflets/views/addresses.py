"""The address book, for its owner."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from leaflets.address_forms import AddressForm
from leaflets.models import KeptAddress
from leaflets.models.addresses import MOST_KEPT
from leaflets.services.addresses import BookIsFull, KeptAlready, change_address, forget_address, keep_address
from professionals.person_access import person_required, the_person


@person_required
@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    kept = list(KeptAddress.objects.of(the_person(request)))
    return render(request, "my/addresses.html", {"kept": kept, "is_full": len(kept) >= MOST_KEPT})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_add(request: HttpRequest) -> HttpResponse:
    person = the_person(request)
    form = AddressForm(request.POST or None, initial={"name": person.name})
    if form.is_valid():
        try:
            keep_address(person=person, delivery=form.delivery())
        except (BookIsFull, KeptAlready) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The address is kept. You can choose it when you order leaflets."))
            return redirect("my_addresses")
    return render(request, "my/address.html", {"form": form})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_change(request: HttpRequest, address_id: int) -> HttpResponse:
    address = own_address(request, address_id)
    form = AddressForm(request.POST or None, initial=vars(address.delivery))
    if form.is_valid():
        try:
            change_address(address=address, delivery=form.delivery())
        except KeptAlready as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The address is changed. Orders that you placed earlier keep theirs."))
            return redirect("my_addresses")
    return render(request, "my/address.html", {"form": form, "address": address})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_remove(request: HttpRequest, address_id: int) -> HttpResponse:
    """Asks first; only the button removes."""
    address = own_address(request, address_id)
    if request.method == "POST":
        forget_address(address=address)
        messages.success(request, _("The address is removed."))
        return redirect("my_addresses")
    return render(request, "my/address_remove.html", {"address": address})


def own_address(request: HttpRequest, address_id: int) -> KeptAddress:
    """The person's; somebody else's is not found."""
    return get_object_or_404(KeptAddress.objects.of(the_person(request)), pk=address_id)
