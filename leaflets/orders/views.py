"""From the basket to the confirmation: delivery, check, place. Then an order for its owner: shown, changed, cancelled,
ordered again, reported missing; and the address book."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Progress, shows_progress, signed_in_user, url_with_next
from accounts.models import LimitedActivity
from accounts.rate_limits import check_throttles, record_if_blocked
from core.dates import format_day
from core.forms import PageForm, domain_error_to_form
from core.pages import add_correction_messages
from leaflets.models import Dispatch, KeptAddress, Leaflet, Order, OrderChannel, OrderState
from leaflets.models.orders import LABEL_FIELDS, MAX_KEPT_ADDRESSES, MAX_REASON_LENGTH
from leaflets.orders.allowances import Shortfalls, change_limits, web_order_limits
from leaflets.orders.forms import (
    ANOTHER_ADDRESS,
    DELIVERY_STEP,
    NO_STEPS,
    AddressForm,
    AnonymousDeliveryForm,
    BasketForm,
    ChangeForm,
    DeliveryChoiceForm,
    DeliveryForm,
    basket_options,
    change_field_name,
    change_form_for,
    copies_by_slug,
    delivery_answers,
    find_basket,
    find_or_start_basket,
    order_digest,
    recent_orders_for,
    save_basket,
    titles_in_basket,
    total_copies,
    typed_delivery,
    wait_field_name,
)
from leaflets.orders.queries import (
    DeliveryAddresses,
    copies_to_order_again,
    delivery_addresses,
    missing_report_context,
    order_history,
    order_parcels,
    reportable_parcels,
)
from leaflets.orders.services.change import NothingChanged, OrderHasChanged, ReplacesLostParcel, change_order
from leaflets.orders.services.create import (
    AddressBookIsFull,
    AddressKeptAlready,
    AlreadyPlaced,
    EmptyBasket,
    forget_address,
    keep_address,
    place_order,
    report_missing,
)
from leaflets.orders.services.transitions import OrderIsTransferred, OrderStateHasChanged, cancel_order, parcel_contents
from leaflets.stock.queries import alerted_leaflet_keys, leaflets_with_stock
from notifications.preferences import has_chosen
from notifications.registry import Topic
from office.site_settings.queries import setting_text
from professionals import drafts
from professionals.access import person_required, signed_in_person, signed_in_person_or_none
from professionals.forms import clean_text
from professionals.models import Draft, DraftKind
from professionals.safeguarding.child_details import looks_like_child_details
from professionals.safeguarding.forms import CONFIRM_FIELD, ChildDetailsMixin

ADD_TO_BASKET_RATE_LIMIT = (600, timedelta(hours=1))  # a whole trust may share one address


@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    """Keeps the copies typed, without the title whose Remove button was pressed, and stays or goes on."""
    now = timezone.now()
    draft = find_basket(request, now)
    contents = titles_in_basket(draft)
    if request.method != "POST" or not draft:
        return basket_page(request, basket_form(request, draft, contents))
    removed = request.POST.get("remove", "")
    contents = {leaflet: copies for leaflet, copies in contents.items() if leaflet.slug != removed}
    form = basket_form(request, draft, contents, request.POST)
    if not form.is_valid():
        if removed:
            save_basket(draft, {leaflet.slug: copies for leaflet, copies in contents.items()}, now)
        return basket_page(request, form)
    goes_on = "continue" in request.POST and bool(contents)
    save_basket(draft, form.copies(), now, form.options(), known_delivery_step(request, draft) if goes_on else {})
    return redirect(next_step_url(request, draft) if goes_on else "basket")


def basket_form(
    request: HttpRequest, draft: Draft | None, contents: Mapping[Leaflet, int], posted: Mapping[str, Any] | None = None
) -> BasketForm:
    recent = recent_orders_for(signed_in_person_or_none(request), draft, contents, timezone.now())
    return BasketForm(posted, contents, options=basket_options(draft), recent=recent)


def go_to_next_step(
    request: HttpRequest,
    draft: Draft,
    now: datetime,
    *,
    steps: Mapping[str, dict[str, Any]] = NO_STEPS,
    leaflets: Iterable[Leaflet] = (),
) -> HttpResponse:
    """From the catalogue to the basket, if it has a question to ask; otherwise past it.

    Saves these `steps`, which say what was added in the catalogue. `leaflets` were read already and are not read again.
    """
    drafts.save_steps(draft, {**steps, **known_delivery_step(request, draft)}, now)
    form = basket_form(request, draft, titles_in_basket(draft, leaflets=leaflets))
    if not form.is_valid():
        return redirect("basket")
    if form.options() != basket_options(draft):
        save_basket(draft, form.copies(), now, form.options())
    return redirect(next_step_url(request, draft))


def known_delivery_step(request: HttpRequest, draft: Draft) -> dict[str, dict[str, Any]]:
    """The delivery step for a person who has typed nothing about it: the address that the delivery page would offer first.

    Empty if that is not a whole address.
    """
    person = signed_in_person_or_none(request)
    if person is None or typed_delivery(draft):
        return {}
    places = delivery_addresses(person.pk)
    first = DeliveryChoiceForm.prefilled({}, person, places)
    form = DeliveryChoiceForm(first.initial, kept=places.kept)
    return {DELIVERY_STEP: {**form.answers(), "known": True} if form.is_valid() else {}}


def next_step_url(request: HttpRequest, draft: Draft) -> str:
    """Past the delivery page, if there is nothing to ask there."""
    is_known = signed_in_person_or_none(request) and DeliveryForm(delivery_answers(draft)).is_valid()
    return "order_check" if is_known else "order_delivery"


def basket_page(request: HttpRequest, form: BasketForm, *, refusal: Shortfalls | None = None) -> HttpResponse:
    """`refusal`: why the order could not be placed; each title that is short has it beside its field."""
    form.is_valid()
    for short in refusal.shortfalls if refusal else ():
        if short.leaflet.slug not in form.errors:
            form.add_error(short.leaflet.slug, short.message)
    total = sum(form.copies().values()) if form.is_valid() else 0
    reason = ["reason", CONFIRM_FIELD] if form.over_limit or "reason" in form.errors else []
    context = {
        "form": form,
        "rows": form.rows(),
        "questions": [form[name] for name in reason if name in form.fields],
        "waited_for": alerted_leaflet_keys(signed_in_person_or_none(request), form.leaflets.values()),
        "total": ngettext("%(n)d copy in all", "%(n)d copies in all", total) % {"n": total} if total else "",
        "refused": refusal is not None,
        "in_basket": total,
    }
    return render(request, "leaflets/orders/basket.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def order_delivery(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    draft = find_basket(request, now)
    if not draft or not copies_by_slug(draft):
        return redirect("basket")
    person, chooses = signed_in_person_or_none(request), "to" in request.POST
    if chooses and person is None:  # signed out meanwhile, so we don't know whose addresses they are
        return redirect(url_with_next("account_login", request.path))
    answers = typed_delivery(draft)
    # Somebody who answered this page earlier, without a choice of addresses, gets no choice when they come back.
    asks_which = chooses or (request.method != "POST" and (not answers or "to" in answers))
    places = delivery_addresses(person.pk) if person and asks_which else DeliveryAddresses([], None)
    form_class = DeliveryChoiceForm if request.user.is_authenticated else AnonymousDeliveryForm
    if request.method == "POST":
        form = form_class(request.POST, kept=places.kept)
        if form.is_valid():
            drafts.save_step(draft, DELIVERY_STEP, form.answers(), now)
            add_correction_messages(request, form)
            return redirect("order_check")
        record_if_blocked(form)
    else:
        form = form_class.prefilled(answers, person, places)
    context = {"form": form, "most_kept": MAX_KEPT_ADDRESSES, "in_basket": total_copies(draft)}
    return render(request, "leaflets/orders/delivery.html", context)


@shows_progress(lambda request: Progress(_("Order leaflets"), reverse("order_delivery")))
@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_check(request: HttpRequest) -> HttpResponse:
    """The button places exactly the order that was shown: `token` says which form it was, `digest` what it said."""
    now = timezone.now()
    draft = find_basket(request, now)
    person = signed_in_person(request)
    token, digest = request.POST.get("token", ""), request.POST.get("digest", "")
    # Don't look up a token that can't be one of ours.
    may_be_placed = request.method == "POST" and not (draft and draft.token == token) and drafts.SECRET_PATTERN.fullmatch(token)
    earlier = person.orders.filter(submission_token=token).first() if may_be_placed else None
    if earlier:
        return already_placed_page(request, earlier, digest)
    if not draft or not copies_by_slug(draft):
        if request.method == "POST" or not person.orders.exists():
            return redirect("basket")
        # Somebody who comes Back from a placed order finds their orders, not an empty basket.
        messages.info(request, _("There is nothing to check. You can see your orders below."))
        return redirect("my")
    delivery = DeliveryForm(delivery_answers(draft))
    if not delivery.is_valid():
        return redirect("order_delivery")
    if request.method != "POST" or draft.token != token or order_digest(draft) != digest:
        changed = _("Your answers were changed in another tab. Check them again.") if request.method == "POST" else ""
        return check_page(request, draft, delivery, warning=changed)
    counted = web_order_limits(
        request,
        organisation=person.organisation_id,
        postcode=delivery.cleaned_data["postcode"],
        slugs=copies_by_slug(draft),
    )
    if stop := check_throttles(request, LimitedActivity.ORDER, counted, now):
        response = check_page(request, draft, delivery, warning=stop.sentence(now), status=429)
        response.headers["Retry-After"] = str(stop.seconds(now))
        return response
    basket, options, address = titles_in_basket(draft, with_stock=False), basket_options(draft), delivery.delivery()
    order = Order(person=person, channel=OrderChannel.WEB, over_limit_reason=options.reason, **vars(address))
    order.submission_token, order.submission_digest = token, digest
    try:
        place_order(
            order=order,
            basket=basket,
            by=request.user,  # type: ignore[arg-type]
            will_wait_for=[leaflet for leaflet in basket if leaflet.slug in options.backorder],
            flagged=options.flagged,
            keep=address if delivery_answers(draft).get("keep") else None,
            now=now,
        )
    except EmptyBasket:
        return redirect("basket")
    except Shortfalls as refusal:
        return basket_page(request, basket_form(request, draft, titles_in_basket(draft)), refusal=refusal)
    except AlreadyPlaced as refusal:
        return already_placed_page(request, refusal.order, digest)
    return redirect("order_placed", order.reference)


def already_placed_page(request: HttpRequest, order: Order, digest: str) -> HttpResponse:
    """The same form again gets the first confirmation. The same form with other answers is told that it is placed already."""
    if order.submission_digest == digest:
        return redirect("order_placed", order.reference)
    return render(request, "leaflets/orders/placed_before.html", {"order": order}, status=409)


def check_page(
    request: HttpRequest, draft: Draft, delivery: DeliveryForm, *, warning: str = "", status: int = 200
) -> HttpResponse:
    options, stored = basket_options(draft), delivery_answers(draft)
    lines = []
    for leaflet, count in titles_in_basket(draft, with_stock=False).items():
        copies = ngettext("%(n)d copy", "%(n)d copies", count) % {"n": count}
        later = f". {_('We will send what is not in stock now later.')}" if leaflet.slug in options.backorder else ""
        lines.append({"label": leaflet.title, "value": f"{copies}{later}"})
    if options.reason:
        lines.append({"label": _("Why you need more"), "value": options.reason})
    # A parcel may go to a colleague, so the label says whose name is printed on it, not "Your name".
    labels = {field.name: field.label for field in delivery} | {"name": _("Name on the label")}
    answers = [
        {"label": label, "value": delivery.cleaned_data[name]}
        for name, label in labels.items()
        if name != CONFIRM_FIELD and delivery.cleaned_data[name]
    ]
    if stored.get("keep"):
        answers.append({"label": _("Save this address for next time"), "value": _("Yes")})
    context = {
        "sections": [
            {"title": _("Leaflets"), "change_url": reverse("basket"), "rows": lines},
            {"title": _("Delivery"), "change_url": reverse("order_delivery"), "rows": answers},
        ],
        "token": draft.token,
        "digest": order_digest(draft),
        "warning": warning,
        "asks": bool(options.reason),
        "is_known_address": bool(stored.get("known")),
        "in_basket": total_copies(draft),
    }
    return render(request, "leaflets/orders/check.html", context, status=status)


NOT_AVAILABLE_MESSAGE = gettext_lazy("“%(title)s” can’t be ordered just now, so it is not in your basket.")


def title_copies_texts(copies: Mapping[Leaflet, int]) -> list[str]:
    """For each title '2 copies of “Know the signs”'."""
    return [
        ngettext("%(n)d copy of “%(title)s”", "%(n)d copies of “%(title)s”", count) % {"n": count, "title": leaflet.title}
        for leaflet, count in copies.items()
    ]


def own_order(request: HttpRequest, reference: str) -> Order:
    """The person's order with its lines; somebody else's is not found."""
    return get_object_or_404(signed_in_person(request).orders.with_lines(), reference=reference)


@person_required
@require_safe
def order(request: HttpRequest, reference: str) -> HttpResponse:
    order = own_order(request, reference)
    parcels = order_parcels(order)
    context = {
        "order": order,
        "history": order_history(order, parcels),
        "parcels": parcels,
        "arrival": missing_report_context([] if order.visit_reference else parcels, timezone.now()),
        # The order whose parcel never came, which this one sends again.
        "replaced": Order.objects.get(dispatches__missing=order.replaces_id) if order.replaces_id else None,
    }
    return render(request, "leaflets/orders/order.html", context)


@person_required
@require_safe
def order_placed(request: HttpRequest, reference: str) -> HttpResponse:
    """The confirmation, while the order is open: what was ordered, what happens next, and what to do if something changes."""
    order = own_order(request, reference)
    if not order.is_open or order.visit_reference:  # the booking's confirmation tells of what is brought
        return redirect(order)
    email, is_request = signed_in_person(request).email, order.state == OrderState.REQUESTED
    steps = []
    if email:
        mail = (
            _("We will email your request and its reference to %(email)s.")
            if is_request
            else _("We will email your order and its reference to %(email)s.")
        )
        steps.append((_("In the next few minutes"), mail % {"email": email}))
    if is_request:
        steps.append(
            (
                _("Usually within %(days)s") % {"days": setting_text("answer_working_days")},
                _("One of us will read your request and email you our answer."),
            )
        )
    elif order.state == OrderState.WAITING:
        steps.append((_("As soon as copies have come in"), _("We will email you, then pack and post them.")))
    else:
        steps.append(
            (
                _("Usually within %(days)s") % {"days": setting_text("packing_working_days")},
                _("We will pack your leaflets and post them."),
            )
        )
        if any(line.backordered for line in order.lines.all()):
            steps.append((_("As soon as more have come in"), _("We will post the copies that are not in stock now.")))
    steps.append((_("On the evening of the day your leaflets leave"), _("We will email you again.")))
    context = {
        "order": order,
        "next_steps": [{"when": when, "what": what} for when, what in steps],
        "asks_about_editions": bool(email) and not has_chosen(Topic.EDITIONS, email),
    }
    return render(request, "leaflets/orders/placed.html", context)


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks first; only the button cancels."""
    order = own_order(request, reference)
    if request.method == "POST":
        try:
            cancel_order(order=order, by=signed_in_user(request), now=timezone.now())
        except OrderIsTransferred as refusal:
            messages.warning(request, str(refusal))
            return redirect("my")
        except OrderStateHasChanged as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, _("Order %(reference)s is cancelled.") % {"reference": order.reference})
        return redirect(order)
    return render(request, "leaflets/orders/cancel.html", {"order": order})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Puts the same titles and address into the basket. Only the button does so; a GET shows the order.

    A title that is already in the basket gets as many copies as the order had, if it has fewer. So a second press adds nothing.
    """
    order, now = own_order(request, reference), timezone.now()
    if request.method != "POST":
        return redirect(order)
    wanted = copies_to_order_again(order)
    titles = leaflets_with_stock(wanted)
    available = {leaflet.slug: wanted[leaflet.slug] for leaflet in titles if leaflet.orderable_edition}
    if available:
        draft = find_or_start_basket(request, now)
        there = copies_by_slug(draft)
        basket = {**there, **{slug: max(copies, there.get(slug, 0)) for slug, copies in available.items()}}
        # Take the address too, unless one was typed already or the order had none.
        takes_address = order.address_line_1 and not typed_delivery(draft)
        address = {DELIVERY_STEP: {"to": ANOTHER_ADDRESS, **asdict(order.delivery)}} if takes_address else {}
        save_basket(draft, basket, now, more=address)
        messages.success(request, _("What you ordered in %(reference)s is in your basket.") % {"reference": order.reference})
    for leaflet in titles:
        if leaflet.slug not in available:
            messages.warning(request, NOT_AVAILABLE_MESSAGE % {"title": leaflet.title})
    return redirect("basket")


CHANGE_STEP = "order"
MAX_KEPT_FIELDS, MAX_KEPT_LENGTH = 100, 200  # answers, and characters of each


@require_http_methods(["GET", "HEAD", "POST"])
def order_change(request: HttpRequest, reference: str) -> HttpResponse:
    """Saves what was typed before it asks anybody to sign in, because the session may have ended meanwhile."""
    if request.method == "POST" and not signed_in_person_or_none(request):
        # Into a draft, without what looks like a child's details: we can't yet ask the person about that.
        names = {"version", *DeliveryForm.base_fields}
        begins = (change_field_name(""), wait_field_name(""))
        typed = {
            name: str(value)[:MAX_KEPT_LENGTH] for name, value in request.POST.items() if name in names or name.startswith(begins)
        }
        if looks_like_child_details(typed.get("attention", "")):
            del typed["attention"]
        if typed:
            answers = {"reference": reference, "typed": dict(list(typed.items())[:MAX_KEPT_FIELDS])}
            drafts.save_answers(request, DraftKind.CHANGE, {CHANGE_STEP: answers}, timezone.now())
    return order_change_page(request, reference)


@person_required
def order_change_page(request: HttpRequest, reference: str) -> HttpResponse:
    order = own_order(request, reference)
    if order.visit_reference:
        return redirect(order)
    if request.method == "POST":
        now, shown = timezone.now(), request.POST.get("version", "")
        form, _version = change_form_for(ChangeForm, order, request.POST, now)
        if not form.is_valid():
            return render_order_change(request, order, form, version=shown)
        postcode = form.delivery().postcode
        counted = change_limits(request, to_postcode=postcode if postcode != order.postcode else "")
        if stop := check_throttles(request, LimitedActivity.ORDER_CHANGE, counted, now):
            response = render_order_change(request, order, form, version=shown, warning=stop.sentence(now), status=429)
            response.headers["Retry-After"] = str(stop.seconds(now))
            return response
        try:
            change_order(order=order, change=form.change(shown), by=signed_in_user(request), now=now)
            done = _("We have saved your changes to order %(reference)s.")
            messages.success(request, done % {"reference": order.reference})
            add_correction_messages(request, form)
        except Shortfalls as refusal:
            form, _version = change_form_for(ChangeForm, own_order(request, order.reference), request.POST, now)
            form.is_valid()
            form.add_shortfall_errors(refusal)
            return render_order_change(request, order, form, version=shown)
        except (OrderHasChanged, OrderStateHasChanged):
            order = own_order(request, order.reference)
            form, version = change_form_for(ChangeForm, order, request.POST, now)
            return render_order_change(request, order, form, version=version, another=True)
        except ReplacesLostParcel as refusal:
            form.add_error(None, str(refusal.message))
            return render_order_change(request, order, form, version=shown)
        except NothingChanged as refusal:
            messages.info(request, str(refusal.message))
        draft = drafts.find(request, DraftKind.CHANGE, now)
        if draft and draft.answers.get(CHANGE_STEP):  # the order has these answers now
            drafts.save_step(draft, CHANGE_STEP, {}, now)
        return redirect(order)
    draft = drafts.find(request, DraftKind.CHANGE, timezone.now())
    answers: dict[str, Any] = draft.answers.get(CHANGE_STEP, {}) if draft else {}
    typed = answers["typed"] if answers.get("reference") == reference else None
    form, version = change_form_for(ChangeForm, order, typed, timezone.now())
    return render_order_change(
        request, order, form, version=typed.get("version", "") if typed else version, restored=typed is not None
    )


def render_order_change(
    request: HttpRequest, order: Order, form: ChangeForm, *, version: str, status: int = 200, **more: object
) -> HttpResponse:
    """`another`: the order is not any more what the person was shown. `restored`: what was typed before they had to sign in.

    `warning`: why nothing is stored now.
    """
    context: dict[str, Any] = {"order": order, "form": form, "version": version, **more}
    if not order.may_be_changed:
        # Shows what was typed, so that the person can read it out on the phone.
        typed = [{"label": title.leaflet.title, "value": field.value()} for title, field, _wait in form.rows()]
        lines = [str(form[name].value() or "") for name in LABEL_FIELDS if name in form.fields]
        if lines:
            typed.append({"label": _("Delivery address"), "value": "\n".join(line for line in lines if line)})
        context |= {"form": None, "typed": typed if form.is_bound else []}
    return render(request, "leaflets/orders/change.html", context, status=status)


ALREADY_REPORTED_MESSAGE = gettext_lazy(
    "You have already told us about this parcel. We will look into it and email you our answer."
)


class MissingForm(ChildDetailsMixin, PageForm):
    """Which parcel never came, and what may help us to find it.

    `parcels`: the parcels to choose from. `of_order`: all parcels that an older page may have shown.
    """

    free_text_fields = ("note",)

    parcel = forms.ChoiceField(
        label=gettext_lazy("Which parcel never came?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the parcel that never came.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Anything that helps us to look for it"),
        max_length=MAX_REASON_LENGTH,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("For example, a new address, or the people you asked. No details of a child or a case."),
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, parcels: Sequence[tuple[int, str]], of_order: Sequence[Dispatch]
    ) -> None:
        super().__init__(data)
        self.of_order = {str(parcel.pk): parcel for parcel in of_order}
        field: Any = self.fields["parcel"]
        field.choices = [(key, key) for key in self.of_order]
        if len(parcels) > 1:
            field.widget.choices = parcels
        else:
            field.widget = forms.HiddenInput()
            field.initial = parcels[0][0]

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_missing(request: HttpRequest, reference: str) -> HttpResponse:
    """Shows the form first; only the button tells us. Without a parcel to report, goes back to the order and says why."""
    order, now = own_order(request, reference), timezone.now()
    of_order = [] if order.visit_reference else order_parcels(order)
    parcels = reportable_parcels(of_order, now)
    if not parcels:
        is_reported = any(hasattr(parcel, "missing") for parcel in of_order)
        too_early_or_late = _("You can tell us here about a missing parcel from 7 working days until 90 days after it left.")
        messages.warning(request, str(ALREADY_REPORTED_MESSAGE) if is_reported else too_early_or_late)
        return redirect(order)
    choices, facts = [], []
    for parcel, contents in zip(parcels, parcel_contents(parcels), strict=True):
        titles, day = title_copies_texts(contents), format_day(parcel.dispatched_at)
        label = _("The parcel that left on %(day)s: %(what)s") % {"day": day, "what": ", ".join(titles)}
        choices.append((parcel.pk, label))
        rows = [
            {"label": _("It left"), "value": day},
            {"label": _("What is in it"), "value": "\n".join(titles)},
            {"label": _("Where it went"), "value": "\n".join(order.address)},
            {"label": _("Tracking number"), "value": parcel.tracking_number},
        ]
        facts.append([row for row in rows if row["value"]])
    form = MissingForm(request.POST if request.method == "POST" else None, parcels=choices, of_order=of_order)
    if form.is_valid():
        parcel, note = form.of_order[form.cleaned_data["parcel"]], form.cleaned_data["note"]
        with domain_error_to_form(form):
            _report, made = report_missing(parcel=parcel, by=signed_in_user(request), now=now, note=note, flagged=form.flagged)
            if made:
                messages.success(request, _("Thank you for telling us. We will look into it and email you our answer."))
            else:
                messages.info(request, ALREADY_REPORTED_MESSAGE)
            return redirect(order)
    return render(request, "leaflets/orders/missing.html", {"order": order, "form": form, "parcels": facts})


@person_required
@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    kept = list(KeptAddress.objects.for_person(signed_in_person(request)))
    return render(request, "leaflets/orders/addresses.html", {"kept": kept, "is_full": len(kept) >= MAX_KEPT_ADDRESSES})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest, address_id: int | None = None) -> HttpResponse:
    """Change an entry of the address book, or add one."""
    person, kept = signed_in_person(request), None
    if address_id is not None:
        kept = get_object_or_404(KeptAddress.objects.for_person(person), pk=address_id)
    form = AddressForm(request.POST or None, initial=vars(kept.delivery) if kept else {"name": person.name})
    if form.is_valid():
        try:
            keep_address(person=person, delivery=form.delivery(), instead_of=kept)
        except (AddressBookIsFull, AddressKeptAlready) as refusal:
            form.add_error(None, str(refusal))
        else:
            changed = _("The address is changed. Your earlier orders keep the old one.")
            saved = _("The address is saved. You can choose it when you order leaflets.")
            messages.success(request, changed if kept else saved)
            add_correction_messages(request, form)
            return redirect("my_addresses")
    return render(request, "leaflets/orders/address.html", {"form": form, "address": kept})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_remove(request: HttpRequest, address_id: int) -> HttpResponse:
    """Asks first; only the button removes."""
    address = get_object_or_404(KeptAddress.objects.for_person(signed_in_person(request)), pk=address_id)
    if request.method == "POST":
        forget_address(address=address)
        messages.success(request, _("The address is removed."))
        return redirect("my_addresses")
    return render(request, "leaflets/orders/address_remove.html", {"address": address})
