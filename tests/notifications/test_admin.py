"""Staff read every message and send it again; nothing else can be done to one."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core.pages import FRAMED_CONTENT_POLICY
from notifications.models import MailServer, Notification, NotificationState, server_name
from notifications.registry import email_label
from professionals.emails import ACCOUNT_EMAIL_LABELS
from staff.site import staff_site
from tests.factories import make_staff, make_user, sign_in_staff

pytestmark = pytest.mark.django_db
LIST = "/staff/notifications/notification/"
BODIES = {"subject": "Booked", "text_body": "Dear Sam\n\nSee you <b>there</b>.", "html_body": "<p style='color:red'>Dear Sam</p>"}


@pytest.fixture
def staff(client):
    user = make_staff()
    sign_in_staff(client, user)
    return user


@pytest.fixture
def sent(kind, make_row, now):
    return make_row(state="sent", sent_at=now, **BODIES)


def page_of(row):
    return reverse("staff:notifications_notification_change", args=[row.pk])


def test_the_list_says_what_became_of_each(client, staff, kind, make_row, now):
    make_row(recipient="sam@nhs.net", state="failed", attempts=3, last_error="550 no such user")
    text = client.get(LIST).text.replace("<wbr>", "")
    for shown in ("Test mail", "sam@nhs.net", "BK-7Q4M-2F", "Failed", "550 no such user"):
        assert shown in text


def test_the_list_costs_the_same_for_one_and_for_three(client, staff, make_row, now, django_assert_num_queries):
    make_row()
    client.get(LIST)
    for _ in range(2):
        with django_assert_num_queries(8):
            assert client.get(LIST).status_code == 200
        make_row()
        make_row()


def test_the_list_leaves_the_words_in_the_database(client, staff, sent, django_assert_max_num_queries):
    with django_assert_max_num_queries(8) as captured:
        client.get(LIST)
    assert not any("html_body" in query["sql"] or "sealed_body" in query["sql"] for query in captured.captured_queries)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=sam@nhs", 1),
        ("q=bk7q4m2f", 1),
        ("q=  bk-7q4m-2f ", 1),
        ("q=nobody", 0),
        ("state__exact=sent", 0),
        ("kind=test", 1),
        ("kind=account", 1),
    ],
)
def test_messages_are_found_by_address_reference_state_and_kind(client, staff, kind, make_row, query, found):
    make_row(recipient="sam@nhs.net")
    make_row(recipient="kim@nhs.net", reference="", kind="account-code", is_account_mail=True)
    assert client.get(f"{LIST}?{query}").context["cl"].result_count == found


def test_a_message_is_shown_with_its_words_escaped(client, staff, sent):
    text = client.get(page_of(sent)).text
    assert "Booked" in text
    assert "See you &lt;b&gt;there&lt;/b&gt;." in text
    assert f'<iframe src="{reverse("message_html", args=[sent.pk])}"' in text
    assert "color:red" not in text


def test_the_page_of_a_message_costs_the_same_whatever_it_is(client, staff, sent, now, make_row, django_assert_num_queries):
    again = make_row(resend_of=sent, resent_by=staff, about=sent.about)
    client.get(page_of(sent))
    for row in (sent, again):
        with django_assert_num_queries(6):
            assert client.get(page_of(row)).status_code == 200


@pytest.mark.parametrize(("role", "reads"), [("coordinator", False), ("manager", True)])
def test_mail_to_who_complained_is_for_those_who_answer_for_complaints(client, make_row, now, role, reads):
    row = make_row(kind="complaint-answered", reference="DP-7Q4M-2F", state="sent", sent_at=now, **BODIES)
    make_row()
    sign_in_staff(client, make_staff(role=role))
    page, html = client.get(page_of(row)), client.get(reverse("message_html", args=[row.pk]))
    again = client.get(reverse("staff:notifications_notification_action", args=[row.pk, "send-again"]))
    assert [each.status_code == 200 for each in (page, html, again)] == [reads] * 3
    for query in ("", "?q=dp7q4m2f", f"?q={row.recipient}", "?kind=complaint-answered"):
        assert (row in client.get(f"{LIST}{query}").context["cl"].result_list) is reads, query


def test_nothing_can_be_added_changed_or_deleted(client, staff, sent):
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(page_of(sent), {"recipient": "x@nhs.net"}).status_code == 403
    assert client.post(reverse("staff:notifications_notification_delete", args=[sent.pk])).status_code == 403
    assert 'name="_save"' not in client.get(page_of(sent)).text
    assert Notification.objects.get().recipient == sent.recipient


def test_html_has_a_page_of_its_own_under_its_own_policy(client, staff, sent):
    response = client.get(reverse("message_html", args=[sent.pk]))
    assert response.text == sent.html_body
    assert response.headers["Content-Security-Policy"] == FRAMED_CONTENT_POLICY
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "script" not in FRAMED_CONTENT_POLICY


def test_html_is_for_staff_with_a_second_factor_only(client, sent):
    url = reverse("message_html", args=[sent.pk])
    assert client.get(url).status_code == 302
    client.force_login(make_user())
    assert client.get(url).status_code == 302
    sign_in_staff(client, make_staff(), second_factor=False)
    assert client.get(url).status_code == 302
    sign_in_staff(client, make_staff(superuser=False))
    assert client.get(url).status_code == 403


def test_html_that_is_not_there_is_not_found(client, staff, make_row):
    for row in (make_row(), make_row(is_account_mail=True, html_body="never")):
        assert client.get(reverse("message_html", args=[row.pk])).status_code == 404


def test_account_mail_is_kept_private(client, staff, make_row):
    row = make_row(kind="account-code", is_account_mail=True, sealed_body=b"gAAAAsealed", state="pending")
    text = client.get(page_of(row)).text
    assert "Kept private, because it has a code or a link for signing in." in text
    assert "gAAAAsealed" not in text
    assert "send-again" not in text


def test_a_message_not_written_yet_or_erased_says_so(client, staff, kind, make_row, now):
    assert "We write a message when we send it" in client.get(page_of(make_row())).text
    assert "Erased with the person." in client.get(page_of(make_row(recipient="", state="sent", sent_at=now))).text


def test_staff_send_a_message_again_and_twice_is_refused_with_words(client, staff, sent):
    url = reverse("staff:notifications_notification_action", args=[sent.pk, "send-again"])
    assert "write the message again" in client.get(url).text
    assert Notification.objects.count() == 1
    assert client.post(url).headers["Location"] == page_of(sent)
    again = Notification.objects.exclude(pk=sent.pk).get()
    assert (again.resend_of, again.resent_by, again.state) == (sent, staff, NotificationState.PENDING)

    assert "already on its way" in client.post(url).text
    assert Notification.objects.count() == 2


def test_what_is_too_late_is_refused_with_words(client, staff, kind, make_row, now):
    row = make_row(state="sent", sent_at=now - timedelta(days=900), expires_at=now - timedelta(days=899))
    assert "too late" in client.post(reverse("staff:notifications_notification_action", args=[row.pk, "send-again"])).text


def test_staff_who_may_only_read_can_not_send_again(client, sent):
    from django.contrib.auth.models import Permission

    reader = make_staff(superuser=False)
    reader.user_permissions.add(Permission.objects.get(codename="view_notification"))
    sign_in_staff(client, reader)
    assert "send-again" not in client.get(page_of(sent)).text
    assert client.post(reverse("staff:notifications_notification_action", args=[sent.pk, "send-again"])).status_code == 403
    assert client.get(f"{LIST}send-failed-again/").status_code == client.post(f"{LIST}send-failed-again/").status_code == 403
    assert "send_ticked" not in client.get(LIST).text


# -- What the list says ------------------------------------------------------------------------------------------------


def waiting_line(user, label):
    [section] = [each for each in staff_site.get_waiting_lines(user) if each["heading"] == "Messages"]
    [line] = [each for each in section["lines"] if each["label"] == label]
    return line


def failed_line(user):
    return waiting_line(user, "failed lately")


def fail(make_row, now, *, days=1, **fields):
    row = make_row(state="failed", attempts=3, last_error="550 no such user", **fields)
    Notification.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=days))
    return row


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_first_page_counts_the_failed_ones_that_its_list_shows(client, staff, kind, make_row, now, count):
    with time_machine.travel(now, tick=False):
        sign_in_staff(client, staff)
        make_row(state="sent", sent_at=now)
        make_row()
        mine = [fail(make_row, now, days=13) for _ in range(count)]
        line = failed_line(staff)
        assert line["figure"] == count
        found = client.get(line["href"]).context["cl"].result_list
        assert sorted(row.pk for row in found) == [row.pk for row in mine]


def test_what_staff_can_do_nothing_about_is_not_counted(staff, kind, make_row, now):
    with time_machine.travel(now, tick=False):
        fail(make_row, now, days=15)
        fail(make_row, now, expires_at=now - timedelta(hours=1))
        fail(make_row, now, kind="account-login-code", is_account_mail=True)
        fail(make_row, now, recipient="")
        assert failed_line(staff)["figure"] == 0
        assert fail(make_row, now, expires_at=now + timedelta(hours=1)).pk
        assert failed_line(staff)["figure"] == 1


def test_one_that_was_sent_again_counts_only_if_that_failed_too(staff, kind, make_row, now):
    with time_machine.travel(now, tick=False):
        first = fail(make_row, now)
        again = make_row(resend_of=first, about=first.about)
        assert failed_line(staff)["figure"] == 0
        Notification.objects.filter(pk=again.pk).update(state="failed")
        assert list(Notification.objects.recently_failed(now)) == [again]
        make_row(resend_of=first, about=first.about, state="sent", sent_at=now)
        assert failed_line(staff)["figure"] == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("account-email-confirmation-signup", "Sign-up code"),
        ("account-login-code", "Sign-in code"),
        ("account-password-reset-code", "Password reset code"),
        ("account-something-new", "Account something new"),
    ],
)
def test_kinds_have_names_in_plain_words(client, staff, make_row, name, said):
    make_row(kind=name, is_account_mail=True)
    assert f">{said}</a>" in client.get(LIST).text


def test_every_account_mail_that_we_word_has_a_name():
    from professionals.emails import ACCOUNT_EMAIL_SAMPLES, account_email_kind

    assert {account_email_kind(prefix) for prefix in ACCOUNT_EMAIL_SAMPLES} - set(ACCOUNT_EMAIL_LABELS) == set()


@pytest.mark.tuesday
def test_times_are_said_as_everywhere(client, staff, kind, make_row, now):
    row = make_row(state="sent", sent_at=now)
    Notification.objects.update(created_at=now)
    assert "Tue 12 Jan 2027, 10am" in client.get(LIST).text
    page = client.get(page_of(row)).text
    assert "Tuesday 12 January 2027, 10am" in page
    assert "First tried" not in page


@pytest.mark.parametrize("typed", ["7q4m", "bk7q4m", "7q4m 2f"])
def test_a_piece_of_the_reference_finds_its_messages(client, staff, kind, make_row, typed):
    make_row(recipient="sam@nhs.net")
    make_row(recipient="kim@nhs.net", reference="")
    assert [row.recipient for row in client.get(LIST, {"q": typed}).context["cl"].result_list] == ["sam@nhs.net"]


def test_all_that_failed_is_sent_again_with_one_press(client, staff, kind, make_row, now):
    rows = [make_row(recipient=f"sam{number}@nhs.net", state="failed", last_error="550 no") for number in range(3)]
    with time_machine.travel(now, tick=False):
        sign_in_staff(client, staff)
        assert "Send all that failed again" in client.get(f"{LIST}?failed=lately").text
        assert "Send all that failed again" not in client.get(LIST).text
        asked = client.get(f"{LIST}send-failed-again/")
        assert "Test mail" in asked.text
        assert "First find out why they failed" in asked.text
        assert Notification.objects.count() == 3
        done = client.post(f"{LIST}send-failed-again/", follow=True)
    assert "3 messages are on their way again." in done.text
    assert Notification.objects.filter(resend_of__in=rows, state="pending", resent_by=staff).count() == 3


@pytest.mark.parametrize(("role", "sees"), [("coordinator", 1), ("manager", 2)])
def test_who_may_not_read_of_complaints_neither_counts_nor_sends_what_failed_of_them(client, kind, make_row, now, role, sees):
    row = make_row(state="failed")
    complaint = make_row(kind="complaint-answered", reference="DP-7Q4M-2F", state="failed")
    user = make_staff(role=role)
    with time_machine.travel(now, tick=False):
        sign_in_staff(client, user)
        assert failed_line(user)["figure"] == sees
        asked = client.get(f"{LIST}send-failed-again/").text
        assert (email_label(complaint.kind) in asked) is (sees == 2)
        client.post(f"{LIST}send-failed-again/")
    again = Notification.objects.exclude(resend_of=None).order_by("pk").values_list("resend_of", flat=True)
    assert list(again) == [row.pk, complaint.pk][:sees]


def test_the_ticked_ones_that_failed_are_sent_again(client, staff, kind, make_row, now, sent):
    failed, other = make_row(state="failed"), make_row(state="failed")
    ticked = {"action": "send_ticked", "_selected_action": [failed.pk, sent.pk]}
    with time_machine.travel(now, tick=False):
        sign_in_staff(client, staff)
        assert "1 message is on its way again." in client.post(LIST, ticked, follow=True).text
        assert Notification.objects.exclude(resend_of=None).get().resend_of == failed
        assert "We sent nothing" in client.post(LIST, {**ticked, "_selected_action": [sent.pk]}, follow=True).text
    assert not Notification.objects.filter(resend_of=other).exists()


def test_the_first_page_says_that_the_mail_server_is_silent(staff, now):
    assert waiting_line(staff, "mail servers that don’t answer")["figure"] == 0
    MailServer.objects.create(name="before:25", failures=3, down_since=now, next_try_at=now)
    [section] = [each for each in staff_site.get_waiting_lines(staff) if each["heading"] == "Messages"]
    assert section["lines"][1]["figure"] == 0
    MailServer.objects.create(name=server_name(), failures=3, down_since=now, next_try_at=now)
    assert waiting_line(staff, "mail server that doesn’t answer")["figure"] == 1
