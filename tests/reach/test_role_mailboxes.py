"""Role mailboxes: of roles only, with where we found them; whoever objects has done so for ever, and opening a link does not."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from bookings.models import BookingState
from core.errors import DomainError
from notifications.models import MailReader, Notification
from notifications.rendering import choice_links, compose, render
from professionals.models import Organisation
from reach.areas import Unit, areas_of
from reach.invitations.emails import MailboxInvitation
from reach.invitations.queries import address_digest, get_campaign_outcome, mailboxes_in_areas
from reach.invitations.services import add_mailbox, invite_area, is_role_address, record_objection
from reach.models import MIN_INVITATION_INTERVAL, Campaign, ObjectedBy, RoleMailbox
from tests.bookings.rows import LEEDS, NOW, YORK, make_booking, make_presentation, make_presenter
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.reach.test_invitations import LEEDS_CODE, TIMES, attended

pytestmark = pytest.mark.django_db
ADDRESS, SOURCE = "safeguarding.team@leeds.gov.uk", "https://www.leeds.gov.uk/safeguarding"


def add(address: str = ADDRESS, **fields: Any) -> RoleMailbox:
    asked: dict[str, Any] = {"source": SOURCE, "basis": "published", "postcode": LEEDS, "by": None, "now": NOW}
    return add_mailbox(fields.pop("organisation", None) or make_organisation(), address=address, **{**asked, **fields})


def invite(mailbox: RoleMailbox) -> Notification:
    make_presenter()
    areas, token = [areas_of(Unit.DISTRICT)[LEEDS_CODE]], "00000000-0000-4000-8000-000000000001"
    asked: dict[str, Any] = {"times": TIMES, "by": None, "token": token, "to_mailboxes": True}
    invite_area(areas=areas, presentation=make_presentation(), now=NOW, **asked)
    return Notification.objects.get(recipient=mailbox.address)


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        "duty@york.gov.uk",
        "info@school.sch.uk",
        "leedsmash@leeds.gov.uk",
        "childrens-services@x.gov.uk",
        "mash.leeds@x.uk",
    ],
)
def test_the_address_of_a_role(address: str) -> None:
    assert is_role_address(address)


@pytest.mark.parametrize("address", ["jo.smith@leeds.gov.uk", "jsmith@nhs.net", "j.w.carey@nhs.net", "nadia@leeds.gov.uk"])
def test_an_address_that_may_be_somebodys_is_refused(address: str) -> None:
    with pytest.raises(DomainError, match="somebody’s own address"):
        add(address)
    assert not RoleMailbox.objects.exists()


def test_what_a_person_signed_up_with_is_theirs() -> None:
    make_person(email=ADDRESS)
    with pytest.raises(DomainError, match="somebody’s own address"):
        add()


def test_it_is_found_by_where_its_readers_work() -> None:
    mailbox = add()
    assert (mailbox.nation, mailbox.authority) == ("england", LEEDS_CODE)
    assert list(mailboxes_in_areas([areas_of(Unit.DISTRICT)[LEEDS_CODE]])) == [mailbox]
    assert list(mailboxes_in_areas([areas_of(Unit.REGION)["london"]])) == []
    with pytest.raises(DomainError, match="in our list already"):
        add(ADDRESS.upper())


def test_the_email_says_where_we_found_the_address_and_how_to_object() -> None:
    mailbox = add()
    email = MailboxInvitation(invite(mailbox))
    message = email.message()
    rendered = render(message)
    link = f"/mailboxes/{mailbox.token}/"
    assert SOURCE in rendered.text
    assert "published for professionals to write to" in rendered.text
    assert link in rendered.text
    assert link not in rendered.without_private_links().text
    sent = compose(email.notification, rendered, message, choice_links(email.notification, message))
    assert sent.extra_headers["List-Unsubscribe"].endswith(f"{link}>")
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not MailReader.objects.exists()


def test_opening_the_link_changes_nothing_and_its_button_objects_for_ever(client: Client) -> None:
    mailbox = add()
    row, page = invite(mailbox), f"/mailboxes/{mailbox.token}/"
    answer = client.get(page)
    assert "s…" in answer.content.decode()
    assert answer["Referrer-Policy"] == "strict-origin"
    assert RoleMailbox.objects.open().exists()
    assert "We will not write to this address again" in client.post(page, follow=True).content.decode()
    mailbox.refresh_from_db()
    assert (mailbox.address, mailbox.source, mailbox.organisation, mailbox.objected_by) == ("", "", None, ObjectedBy.LINK)
    assert mailbox.digest == address_digest(ADDRESS)
    assert not MailboxInvitation(row).is_still_due()
    assert set(mailbox.invites.values_list("address", flat=True)) == {""}
    with pytest.raises(DomainError, match="holds for ever"):
        add(now=NOW + timedelta(days=3650))
    assert "We have deleted the address" in client.get(page).content.decode()


def test_a_mail_program_objects_in_one_click() -> None:
    mailbox = add()
    client = Client(enforce_csrf_checks=True)
    answer = client.post(f"/mailboxes/{mailbox.token}/", {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.content.decode()) == (200, "We will not write to this address again.")
    mailbox.refresh_from_db()
    assert mailbox.objected_by == ObjectedBy.MAIL_PROGRAM
    before = mailbox.objected_at
    record_objection(mailbox, now=NOW + timedelta(days=9))
    mailbox.refresh_from_db()
    assert mailbox.objected_at == before
    assert client.get("/mailboxes/nobody/").status_code == 404


def test_what_its_organisation_booked_there_afterwards_is_counted() -> None:
    team = make_organisation()
    mailbox = add(organisation=team)
    row = invite(mailbox)
    campaign, presenter = Campaign.objects.get(), make_presenter()
    colleague, elsewhere = make_person(organisation=team), make_person(organisation=team, postcode=YORK)
    day = timedelta(days=1)
    first = make_booking(presenter, TIMES[0], person=colleague, created_at=NOW + day, state=BookingState.DELIVERED)
    attended(first, 12)
    make_booking(presenter, TIMES[1], person=colleague, created_at=NOW + MIN_INVITATION_INTERVAL)
    make_booking(None, TIMES[1], person=colleague, created_at=NOW - day, state=BookingState.CANCELLED)
    make_booking(
        presenter, TIMES[0] + 9 * day, person=elsewhere, created_at=NOW + day, postcode=YORK, local_authority="E06000014"
    )
    make_booking(None, TIMES[1], person=make_person(organisation=make_organisation("Leeds City Council")), created_at=NOW + day)
    outcome = get_campaign_outcome(campaign)
    assert (row.recipient, outcome.invited, outcome.booked, outcome.people) == (ADDRESS, 1, 1, 12)
    page = sign_in_staff(Client(), make_staff(role="coordinator")).get(f"/staff/reach/campaign/{campaign.pk}/change/")
    assert "1 in the 90 days after, by people who were invited, or by anybody in these areas" in page.content.decode()


# For staff.


def press(client: Client, organisation: Organisation, **data: str) -> Any:
    page = f"/staff/professionals/organisation/{organisation.pk}/do/mailbox/"
    return client.post(page, {"address": ADDRESS, "source": SOURCE, "basis": "published", "postcode": "ls14ap", **data})


def test_staff_add_it_on_the_page_of_its_organisation() -> None:
    client, organisation = sign_in_staff(Client(), make_staff(role="coordinator")), make_organisation()
    refused = press(client, organisation, address="jo.smith@leeds.gov.uk")
    assert "somebody’s own address" in refused.content.decode()
    assert 'value="jo.smith@leeds.gov.uk"' in refused.content.decode()
    assert press(client, organisation).status_code == 302
    mailbox = RoleMailbox.objects.get()
    assert (mailbox.postcode, mailbox.organisation) == (LEEDS, organisation)
    assert mailbox.added_by is not None
    assert ADDRESS in client.get(f"/staff/professionals/organisation/{organisation.pk}/change/").content.decode()
    assert ADDRESS in client.get("/staff/reach/rolemailbox/").content.decode()


def test_staff_enter_an_objection() -> None:
    client, mailbox = sign_in_staff(Client(), make_staff(role="coordinator")), add()
    page = f"/staff/reach/rolemailbox/{mailbox.pk}/"
    assert "Stop mail to this address for ever" in client.get(f"{page}change/").content.decode()
    assert client.post(f"{page}do/objection/").status_code == 302
    mailbox.refresh_from_db()
    assert mailbox.objected_by == ObjectedBy.STAFF
    assert "Deleted" in client.get(f"{page}change/").content.decode()
