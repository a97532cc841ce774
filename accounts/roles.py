"""What staff may do, role by role: the least that each needs for its day (ADR 8).

Roles are code. After each migrate, the groups with these names hold exactly these permissions, and any other group holds none. A
manager puts accounts into groups. Somebody with several roles may do whatever any of them may.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Duty:
    """One thing that a role does, in words that go on from "May", and the permissions that it takes ("leaflets.view_order")."""

    words: str | Promise
    permissions: frozenset[str]


@dataclass(frozen=True)
class Role:
    """`slug` is its name in code, `name` that of its group. `may_not` says, in a whole sentence, what colleagues might expect."""

    slug: str
    name: str
    purpose: str | Promise
    duties: tuple[Duty, ...]
    may_not: str | Promise = ""

    @property
    def permissions(self) -> frozenset[str]:
        return frozenset().union(*(duty.permissions for duty in self.duties))


def build_duty(words: str | Promise, **by_app: str) -> Duty:
    """A duty with its permissions, by app: `may(_("See orders"), leaflets="order:view,change export_orders")`.

    Each is a model with its verbs, or a codename.
    """
    found = set()
    for app, named in by_app.items():
        for each in named.split():
            model, _colon, verbs = each.partition(":")
            found |= {f"{app}.{verb}_{model}" for verb in verbs.split(",")} if verbs else {f"{app}.{each}"}
    return Duty(words, frozenset(found))


# It gives a manager what LEAD_ROLE may, while nobody holds that role (professionals.access.AuthenticationBackend).
STAND_IN_FOR_LEAD_PERMISSION = "professionals.stand_in_for_lead"

COORDINATOR_DUTIES = (
    build_duty(
        _("Book, decide, move, change and cancel bookings, and choose who gives them."), bookings="booking:view,add,change"
    ),
    build_duty(_("Hand a colleague’s coming work over to another colleague."), bookings="hand_over_booking"),
    build_duty(_("Say after a phone call that a presenter has arrived, has left, or is safe."), bookings="booking:view,change"),
    build_duty(
        _("Say who is on duty while presenters are out, and take an alarm on."), bookings="dutyshift:view,add,change,delete"
    ),
    build_duty(_("Plan, run and cancel open sessions, and see who has a place."), bookings="opensession:view,add,change"),
    build_duty(_("Read what people said afterwards."), bookings="followup:view"),
    build_duty(_("See where we have been, and where nobody has."), reach="view_reach"),
    build_duty(
        _("Invite people who asked for it to book a visit near them, keep role mailboxes, and see what came of it."),
        reach="invite campaign:view rolemailbox:view,change",
    ),
    build_duty(
        _("Keep the phone numbers of the services to tell in each area, and say that they are checked."),
        guidance="areacontact:view,change",
    ),
    build_duty(
        _("Say when we are closed, and put a banner on every public page."),
        office="closure:view,add,change,delete banner:view,add,change,delete",
    ),
    build_duty(_("Enter, grant, refuse and end leave."), bookings="leave:view,add,change,delete"),
    build_duty(
        _("Keep presenters’ hours and areas up to date, see every diary, and set journey times."),
        bookings="presenter:view,add,change busytime:view journeytime:view,add,change,delete presentation:view",
    ),
    build_duty(
        _("Order leaflets for callers, change or cancel orders before they leave, and decide orders over the limit."),
        leaflets="order:view,add,decide missingparcel:view packingsession:view",
    ),
    build_duty(
        _("See leaflets, editions and stock, and call people about a recall."),
        leaflets="leaflet:view edition:view recall:view,change",
    ),
    build_duty(
        _("Read messages, send them again, and put right addresses that mail comes back from."),
        notifications="notification:view,change markedaddress:view,change",
    ),
    build_duty(
        _("Find, add and correct people and organisations."), professionals="person:view,add,change organisation:view,add,change"
    ),
    build_duty(_("Note calls and what was agreed, and write emails to people."), professionals="note:view,add"),
    build_duty(_("Write other wordings for emails and pages, which a manager approves."), office="textversion:view,add"),
    build_duty(
        _("Let a stopped person through, and recognise a workplace’s email domain."),
        professionals="blockedattempt:view,change recogniseddomain:view,add",
    ),
)
FULFILMENT_DUTIES = (
    build_duty(_("See, change, cancel, pack and dispatch orders."), leaflets="order:view,change"),
    build_duty(_("Run packing sessions, and print pick lists, slips and labels."), leaflets="packingsession:view,add,change"),
    build_duty(_("See when we are closed, and what the banner says."), office="closure:view banner:view"),
    build_duty(_("Send again what was in a parcel that never came."), leaflets="missingparcel:view,change"),
    build_duty(
        _("Receive, count and correct stock, by hand or from a list, and see every stock movement."),
        leaflets="edition:view keep_stock leaflet:view stockmovement:view stocktake:view,add,change",
    ),
)
MANAGER_DUTIES = (
    build_duty(
        _("Open and close accounts, give roles, and reset a lost second factor."),
        accounts="user:view,add,change",
        auth="group:view",
    ),
    build_duty(
        _("After a call, move an account to a new address when its owner has lost both mailbox and second factor."),
        accounts="recover_user",
    ),
    build_duty(_("Make reports for funders, and delete one."), reach="report:add,change"),
    build_duty(
        _("Export orders, bookings, open sessions, what people said, people and organisations."),
        leaflets="export_orders",
        bookings="export_bookings export_sessions export_feedback",
        professionals="export_people export_organisations",
    ),
    build_duty(_("See who looked at, downloaded, exported and changed what."), audit="entry:view export:view"),
    build_duty(
        _("Erase a person or give them a copy of their data, see when that was done, and see which records have been deleted."),
        professionals="person:view,erase give_person_data",
        privacy="dataaction:view retentionrun:view",
    ),
    build_duty(
        _("Enter complaints about data and breaches of data, deal with both, and see each deadline."),
        privacy="complaint:view,add,change breach:view,add,change",
    ),
    build_duty(
        _("Change the presentations, leaflets and editions that we offer, and withdraw or recall an edition."),
        bookings="presentation:view,add,change",
        leaflets="leaflet:view,add,change edition:view,add,change",
    ),
    build_duty(
        _("Stand in for the safeguarding lead while nobody holds that role."),
        professionals=STAND_IN_FOR_LEAD_PERMISSION.partition(".")[2],
    ),
    build_duty(_("Change the settings, such as the advice line, notice, and who is told of what."), office="change_sitesettings"),
    build_duty(_("Approve the guidance that the public reads, and withdraw an approval."), guidance="guidancepage:view,change"),
    build_duty(
        _("Approve wordings of emails and pages that a colleague wrote, and go back to earlier ones."),
        office="textversion:view,add,change",
    ),
    build_duty(
        _("Change which email domains we recognise, and how the team gets its mail."),
        professionals="recogniseddomain:view,add,change,delete",
        notifications="teammail:view,change",
    ),
    build_duty(
        _("Import old contacts, orders and bookings from a spreadsheet, and undo an import."),
        professionals="import:view,add,change",
    ),
)
LEAD_DUTIES = (
    build_duty(
        _("Read and clear texts that may be about a child, and see who wrote them."), professionals="flaggedtext:view,change"
    ),
    build_duty(
        _("See the bookings, open sessions and orders that such a text was written with."),
        bookings="booking:view opensession:view",
        leaflets="order:view",
    ),
)
PRESENTER_DUTY = build_duty(
    _("See their own diary, visits and sessions, check in and out, record who came, and change their own hours and leave."),
    bookings="give_presentations",
)
READ_ONLY_DUTIES = (
    build_duty(
        _("See bookings, open sessions, presentations, and what people said afterwards."),
        bookings="booking:view opensession:view presentation:view followup:view",
    ),
    build_duty(_("See who to tell in each area."), guidance="areacontact:view"),
    build_duty(_("See where we have been, and where nobody has."), reach="view_reach"),
    build_duty(_("See when we are closed, and what the banner says."), office="closure:view banner:view"),
    build_duty(
        _("See orders, leaflets and stock."), leaflets="order:view leaflet:view edition:view stockmovement:view stocktake:view"
    ),
)

ROLES = (
    Role(
        "coordinator",
        "Coordinator",
        _("Sees what needs doing now, answers requests, and enters what comes in by phone."),
        COORDINATOR_DUTIES,
        _("Can’t pack orders, export orders or bookings, erase people or give roles."),
    ),
    Role(
        "presenter",
        "Presenter",
        _("Gives presentations."),
        (PRESENTER_DUTY,),
        _("Can’t see other presenters’ bookings or sessions, orders, or people."),
    ),
    Role(
        "fulfilment",
        "Fulfilment",
        _("Picks, packs and dispatches orders, and counts stock. Volunteers can have it too."),
        FULFILMENT_DUTIES,
        _("Can’t see bookings, sessions, people or messages."),
    ),
    Role(
        "manager",
        "Manager",
        _("Answers for the service: accounts, roles, what we offer, and the data that we keep about people."),
        (*COORDINATOR_DUTIES, *FULFILMENT_DUTIES, *MANAGER_DUTIES),
        _("Can’t have a diary of visits without the presenter’s role."),
    ),
    Role(
        "safeguarding-lead",
        "Safeguarding lead",
        _("Reads what may be about a child, and decides what happens with it. Give it to the lead and the deputy at least."),
        LEAD_DUTIES,
        _("Can’t erase people, give roles, or change bookings and orders."),
    ),
    Role(
        "read-only",
        "Read only",
        _("Can look but not change anything. For a colleague who is learning or checking the work."),
        READ_ONLY_DUTIES,
        _("Can’t change or export anything, or see joining links, phone numbers, leave, messages or people."),
    ),
)
ROLES_BY_NAME = {role.name: role for role in ROLES}
ROLES_BY_SLUG = {role.slug: role for role in ROLES}
MANAGER_ROLE = ROLES_BY_SLUG["manager"]
LEAD_ROLE = ROLES_BY_SLUG["safeguarding-lead"]
ROLE_NAMES = tuple(role.name for role in ROLES)


def write_groups(*, using: str = "default") -> None:
    """Give the groups with these names exactly these permissions, and every other group none. Their members stay."""
    with transaction.atomic(using=using):
        known = {
            f"{permission.content_type.app_label}.{permission.codename}": permission
            for permission in Permission.objects.using(using).select_related("content_type")
        }
        for role in ROLES:
            group, _made = Group.objects.using(using).get_or_create(name=role.name)
            group.permissions.set([known[name] for name in role.permissions if name in known])
        Group.permissions.through.objects.using(using).exclude(group__name__in=ROLE_NAMES).delete()


def write_groups_after_migrate(*, using: str, **about: Any) -> None:
    """Write the groups.

    First make the permissions of apps that are migrated later than ours, which Django would do only after this.
    """
    for label in {name.partition(".")[0] for role in ROLES for name in role.permissions}:
        create_permissions(apps.get_app_config(label), verbosity=0, using=using, apps=about.get("apps", apps))
    write_groups(using=using)
