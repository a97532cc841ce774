"""Which pages of the guidance are approved, and the safeguarding lead's buttons to approve and withdraw."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from core.dates import uk_day
from core.forms import DayField
from guidance.contacts import admin as contacts_admin  # noqa: F401 - registers its model
from guidance.content import AUDIENCES, NATIONS, UKNation, read_guidance, read_nation
from guidance.models import ApprovalState, GuidancePage
from guidance.services import REVIEW_DUE_PERIOD, approve_page, withdraw_approval
from professionals.models import Language
from staff.actions import ObjectAction
from staff.first_run import CONTENT_SECTION, FirstRunCheck, Light, register_first_run_check
from staff.lists import EMPTY_VALUE, OptionsFilter, column, datetime_column, state_tag
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site
from staff.today import WaitingLine

STATE_COLOURS = {
    ApprovalState.APPROVED: "good",
    ApprovalState.OVERDUE: "stopped",
    ApprovalState.CHANGED: "waiting",
    ApprovalState.NEVER: "waiting",
}


class ApproveForm(forms.Form):
    """Carries the digest of the text on the page, so that nobody approves a text that they have not read."""

    author = forms.ModelChoiceField(
        User.objects.filter(is_staff=True, is_active=True).order_by("name", "email"),
        label=gettext_lazy("Who wrote this text?"),
        empty_label=gettext_lazy("Choose"),
        help_text=gettext_lazy("Choose a colleague. You can’t approve your own text."),
        error_messages={"required": gettext_lazy("Choose who wrote this text.")},
    )
    review_on = DayField(
        label=gettext_lazy("When must we review it?"),
        lies_ahead=True,
        help_text=gettext_lazy("Within a year. After this day the public page doesn’t show this text. For example, 9 3 2027."),
        error_messages={"required": gettext_lazy("Enter the day by which we must review this text.")},
    )
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ApprovalFilter(OptionsFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    options = {
        "to-approve": (gettext_lazy("To approve"), lambda pages, now: pages.to_approve(uk_day(now))),
        "due": (
            gettext_lazy("To review within 30 days"),
            lambda pages, now: pages.due_by(uk_day(now) + REVIEW_DUE_PERIOD, uk_day(now)),
        ),
        "approved": (gettext_lazy("Approved"), lambda pages, now: pages.approved(uk_day(now))),
    }


@admin.register(GuidancePage, site=staff_site)
class GuidancePageAdmin(ReadOnlyAdmin):
    nobody_may = ("add", "delete")
    list_display = ("page", "language", "state", "approved", "review", "approver", "author")
    list_filter = (ApprovalFilter, "language", "audience", "nation")
    list_select_related = ("approver", "author")
    fields = readonly_fields = ("state", "approved", "approver", "author", "review", "sample")
    may_be_empty = ("sample",)
    page = column(gettext_lazy("page"), str)
    approved = datetime_column("approved_at", gettext_lazy("approved"), short=True)
    review = column(
        gettext_lazy("to be reviewed by"),
        lambda page: dateformat.format(page.review_on, "j M Y") if page.review_on else EMPTY_VALUE,
    )
    sample = column(gettext_lazy("note"), lambda page: _("Approved for trying out only.") if page.is_sample else "")
    object_actions = (
        ObjectAction(
            slug="approve",
            label=gettext_lazy("Approve this page"),
            service=approve_page,
            form_class=ApproveForm,
            form_kwargs=lambda page: {"initial": {"digest": page.text_digest()}},
            explanation=gettext_lazy(
                "Read the whole text below first: the public reads it from the moment that you approve it. If anything in it is "
                "wrong, don’t approve it, and tell its author."
            ),
            done=gettext_lazy("The page is approved. The public can read it now."),
            weight="main",
        ),
        ObjectAction(
            slug="withdraw",
            label=gettext_lazy("Withdraw the approval"),
            service=withdraw_approval,
            available=lambda page: page.approved_at is not None,
            explanation=gettext_lazy(
                "Do this when something in the text is wrong. From now on the public page doesn’t show it, until somebody "
                "approves the text again."
            ),
            done=gettext_lazy("The approval is withdrawn. The public page doesn’t show this text any more."),
            weight="stop",
        ),
    )

    @admin.display(description=gettext_lazy("state"))
    def state(self, page: GuidancePage) -> SafeString:
        state = page.state(timezone.now())
        return state_tag(state.label, STATE_COLOURS[state])

    def get_action_context(
        self, request: HttpRequest, action: ObjectAction, obj: GuidancePage, change_url: str
    ) -> dict[str, Any]:
        return {**super().get_action_context(request, action, obj, change_url), "beside_title": _("The text to approve")}

    def get_action_aside(self, obj: GuidancePage, action: ObjectAction) -> str:
        """The text as the public will read it."""
        if action.slug != "approve":
            return ""
        texts = {
            "guidance": read_guidance(obj.audience, obj.language),
            "nation_text": read_nation(obj.nation, obj.language),
            "other_language": obj.language if obj.language != Language.ENGLISH else "",
        }
        return render_to_string("guidance/staff/text.html", texts)


for waiting in (
    WaitingLine(
        label=gettext_lazy("guidance pages to approve"),
        one=gettext_lazy("guidance page to approve"),
        count=lambda: GuidancePage.objects.to_approve(uk_day(timezone.now())),
        address=lambda: f"{reverse('staff:guidance_guidancepage_changelist')}?state=to-approve",
        permission="guidance.change_guidancepage",
    ),
    WaitingLine(
        label=gettext_lazy("guidance pages to review within 30 days"),
        one=gettext_lazy("guidance page to review within 30 days"),
        count=lambda: GuidancePage.objects.due_by(uk_day(timezone.now()) + REVIEW_DUE_PERIOD, uk_day(timezone.now())),
        address=lambda: f"{reverse('staff:guidance_guidancepage_changelist')}?state=due",
        permission="guidance.change_guidancepage",
    ),
):
    staff_site.add_waiting(gettext_lazy("Guidance"), waiting)


def check_approved_guidance(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """Counts the approved pages by nation, in both languages. Where a page is not approved, people see only whom to call."""
    rows = GuidancePage.objects.approved(uk_day(timezone.now())).order_by().values_list("language", "nation")
    approved = Counter(rows)
    label, each = gettext_lazy("Guidance"), len(AUDIENCES)
    english = {nation: approved[Language.ENGLISH, nation] for nation in NATIONS}
    welsh = sum(approved[Language.WELSH, nation] for nation in NATIONS)
    names = dict(UKNation.choices)
    details = [
        _("%(nation)s: %(n)s of %(all)s pages") % {"nation": names[nation], "n": n, "all": each} for nation, n in english.items()
    ]
    details.append(_("In Welsh: %(n)s of %(all)s pages") % {"n": welsh, "all": each * len(NATIONS)})
    more: dict[str, Any] = {
        "href": f"{reverse('staff:guidance_guidancepage_changelist')}?state=to-approve",
        "link": gettext_lazy("See what to approve"),
    }
    if not sum(english.values()):
        sentence = _("No page of the guidance is approved. People see only who to call.")
        yield FirstRunCheck(label, Light.RED, sentence, details=tuple(details), **more)
    elif min(english.values()) < each:
        sentence = _("Not every page of the guidance is approved. In place of the others people see only who to call.")
        yield FirstRunCheck(label, Light.AMBER, sentence, details=tuple(details), **more)
    else:
        yield FirstRunCheck(label, Light.GREEN, _("Every page of the guidance in English is approved."), details=tuple(details))


register_first_run_check(CONTENT_SECTION, gettext_lazy("Guidance"), check_approved_guidance)
