"""What somebody answers on each page whose form can't be filled in by its boxes' names alone, and what must stand before it.

In FILLED_IN by route, or by route and button. What is not in it is filled in as `posting.form_of` does.
"""

from django.contrib.auth.models import Group
from django.urls import reverse

from bookings.models import BookingState, Feedback, SessionState
from leaflets.models import OrderState
from office.site_settings.forms import SETTING_NAMES
from office.site_settings.models import SETTING_BOUNDS
from tests.accounts.factors.proof import totp
from tests.accounts.passkeys.device import ADD, Device, options_in, options_to_sign_in
from tests.bookings.rows import make_presenter
from tests.security.beforehand import (
    JUST_LOOKING,
    PASSWORD,
    SOME_DAYS,
    Case,
    a_banner_now,
    a_booking,
    a_cancelled_booking,
    a_cancelled_order,
    a_cancelled_session,
    a_closure_now,
    a_colleague,
    a_colleague_with_an_app,
    a_departure,
    a_guest_asks,
    a_live_wording,
    a_merge_that_waits,
    a_passkey,
    a_past_import,
    a_recall,
    a_report_that_stopped,
    a_request,
    a_session,
    an_acknowledged_complaint,
    an_address_that_works,
    an_approved_page,
    an_arrival,
    an_import_that_stopped,
    an_import_with_a_duplicate,
    an_offer,
    an_old_breach,
    an_order,
    an_order_passed_forward,
    an_order_that_waits,
    an_uploaded_list,
    another_presenter,
    another_shift,
    answered,
    asked_again,
    asked_how_it_was,
    asked_leave,
    by_hand,
    contacts_list,
    day,
    in_the_basket,
    just_given,
    long_on_its_way,
    mail_tested,
    more_than_one_may,
    none_left,
    options_to_prove,
    pdf,
    pk_of,
    read_by_the_lead,
    shown_by_the_app,
    shown_on,
    stock_list,
    ticked,
    to_count,
    twice_in_the_list,
    two_merged,
    two_on_duty,
    unsent,
)

LINK = "https://meet.example/x"
NEW_PRESENTER = {
    "user": None,
    "joining_link": LINK,
    "base_postcode": "LS1 4AP",
    "earliest_leaving": "7am",
    "latest_return": "7pm",
    "areas_covered": "LS",
    **dict.fromkeys(("checked_until", "trained_until"), day(400)),
}
SETTINGS = {
    **{name: str(least) for name, (least, _most) in SETTING_BOUNDS.items()},
    **dict.fromkeys(("advice_phone", "site_help_phone"), "0113 496 0000"),
    **{name: f"{name}@ctac.example" for name in SETTING_NAMES if name.endswith("_email")},
    "helpline_opens": "8am",
    "helpline_closes": "8pm",
    "advice_opens": "9am",
    "advice_closes": "5pm",
    "quiet_from": "8pm",
    "quiet_until": "7am",
}
FILLED_IN: dict[str, Case] = {
    "staff:settings": Case(SETTINGS, pages=2),  # the second says which promises that breaks
    "account_details": Case({"name": "Robin Hale"}),
    "set_language": Case({"language": "cy"}),
    "staff:guidance_areacontact_change": Case(
        {"phone": "0113 496 0000", "out_of_hours_phone": "0113 496 0001", "web_page": "https://www.leeds.gov.uk/"}
    ),
    "account_set_password": Case({"password1": PASSWORD, "password2": PASSWORD}),
    "basket": Case(before=in_the_basket),
    "basket_add": Case(lambda world: {f"{world['objects']['leaflets_leaflet'].slug}-copies": "2"}),
    "book_where": Case(pages=4),
    "booking_again": Case(before=a_cancelled_booking),
    "booking_answer": Case(before=an_offer),
    "booking_details": Case(pages=2),
    "booking_team_link": Case(before=a_booking(postcode="")),
    "booking_time": Case(pages=2),
    "certificate": Case({"name": "Robin Hale"}, just_given),
    "feedback": Case(before=just_given),
    "feedback_thanks": Case(before=answered),
    "host_feedback": Case(before=just_given),
    "three_months_on": Case(before=asked_again),
    "leaflet_alert": Case(before=none_left),
    "leaflets": Case(lambda world: {f"{world['objects']['leaflets_leaflet'].slug}-copies": "2"}),
    "link_time": Case(pages=2),
    "mfa_activate_totp": Case({"code": shown_by_the_app}),
    "mfa_add_webauthn": Case(
        {"name": "Work phone", "credential": lambda client: Device().create(options_in(client.get(ADD).content.decode()))}
    ),
    "mfa_edit_webauthn": Case({"name": "Work phone"}),
    "mfa_generate_recovery_codes": Case(who="manager"),
    "mfa_login_webauthn": Case(
        lambda world: {"credential": lambda client: world["objects"]["device"].get(options_to_sign_in(client))},
        a_passkey,
        who="signed out",
    ),
    "mfa_reauthenticate": Case({"code": lambda _client: totp()}),
    "mfa_reauthenticate_webauthn": Case(
        lambda world: {"credential": lambda client: world["objects"]["device"].get(options_to_prove(client))}, a_passkey
    ),
    "my_calendar": Case(before=by_hand("owner", lambda _world: reverse("my_calendar_stop"), {})),
    "order_delivery": Case(before=in_the_basket, pages=2),
    "order_missing": Case(before=long_on_its_way),
    "account_merge": Case(who="stranger"),
    "session_place": Case(who="stranger"),
    # -- Presenters --
    "presenter_ask_for_leave": Case(SOME_DAYS),
    "presenter_attendance": Case({"total": "36"}, a_booking(hours=-3)),
    "presenter_session_attendance": Case({"total": "36"}, a_session(hours=-3)),
    "presenter_calendar_stop": Case(before=by_hand("own presenter", lambda _world: reverse("presenter_calendar"), {})),
    "presenter_check_in": Case(before=a_booking(hours=0.2)),
    "presenter_check_out": Case({"sure": "yes"}, a_booking(hours=-0.7)),
    "presenter_take_back": Case({"tap": "check-in"}, an_arrival),
    "presenter_disclosed": Case(before=a_booking(hours=0.2)),
    "presenter_help": Case(before=a_booking(hours=0.2)),
    "presenter_late": Case({"minutes": "15"}, a_booking(hours=0.2)),
    "presenter_days": Case({"first_day": day(60), "last_day": day(61), "hours": "9am to 5pm", **JUST_LOOKING}),
    "presenter_rules": Case({"areas_covered": "LS", **JUST_LOOKING}),
    "presenter_week": Case({"last_day": "", "day_5": "9am to 1pm", "day_6": "", **JUST_LOOKING}),
    "staff_calendar_stop": Case(before=by_hand("manager", lambda _world: reverse("staff_calendar_address"), {})),
    # -- Staff: complaints and breaches of data --
    "staff:privacy_complaint_add": Case({"received_on": day(-5)}),
    "staff:privacy_complaint_action confirm": Case({"on": ""}),
    "staff:privacy_complaint_action progress": Case({"on": ""}, an_acknowledged_complaint),
    "staff:privacy_complaint_action answer": Case({"on": ""}),
    "staff:privacy_breach_add": Case({"day": day(-5), "clock": "10am"}),
    "staff:privacy_breach_action report": Case({"day": day(-5), "clock": "10am"}, an_old_breach),
    "staff:privacy_breach_action people": Case({"day": day(-5), "clock": "10am"}, an_old_breach),
    # -- Staff: bookings --
    "staff:bookings_booking_add": Case({"find": "", "caller-organisation_name": "Leeds", **JUST_LOOKING}, pages=3),
    "staff:bookings_booking_stand_ins": Case(
        lambda world: {"booking": pk_of("bookings_booking")(world), "presenter": str(make_presenter(weekdays=range(7)).pk)},
        a_booking(presenter=None, at_noon=True),  # in the presenter's hours, whenever this runs
    ),
    "staff:bookings_dutyshift_add": Case(two_on_duty("1 2 2099", "2 2 2099")),
    "staff:bookings_dutyshift_change": Case(two_on_duty("1 1 2000", "31 12 2098")),
    "staff:bookings_dutyshift_changelist": ticked("bookings_dutyshift", "delete_selected", before=another_shift),
    "staff:bookings_dutyshift_delete": Case(before=another_shift),
    "staff:bookings_dutyshift_action split": Case({"first_day": day(30)}),
    "staff:office_banner_action take-down": Case(before=a_banner_now),
    "staff:office_banner_add": Case(shown_on(400)),
    "staff:office_banner_change": Case(shown_on(300)),
    "staff:office_closure_action end": Case(before=a_closure_now),
    "staff:office_closure_add": Case({"first_day": day(310), "last_day": day(311), "parcels": "on", "nation": ""}),
    "staff:office_closure_change": Case({"first_day": day(310), "last_day": day(311), "parcels": "on", "nation": ""}),
    "staff:office_textversion_action ours": Case(before=a_live_wording),
    "staff:office_textversion_action take-back": Case(before=a_live_wording),
    "staff:bookings_journeytime_add": Case({"area_a": "LS", "area_b": "HU"}),
    "staff:bookings_journeytime_changelist": ticked("bookings_journeytime", "delete_selected"),
    "staff:bookings_leave_add": Case(SOME_DAYS),
    "staff:bookings_leave_changelist": ticked("bookings_leave", "delete_selected"),
    "staff:bookings_opensession_add": Case(
        {"day": day(60), "clock": "10am", "own_joining_link": LINK, "leave_out": None, "step": "plan"},
        pages=2,
        also=frozenset({"reason"}),  # why something that stands in the way does not matter
    ),
    "staff:bookings_presentation_add": Case({"slug": "new-one", "formats": ["online"], "length_minutes": "60"}),
    "staff:bookings_presentation_change": Case({"title": "Another title"}),
    "staff:bookings_presenter_add": Case(NEW_PRESENTER | JUST_LOOKING),
    "staff:bookings_presenter_change": Case({"areas_covered": "LS", **JUST_LOOKING}),
    "staff:bookings_presenter_action calendar": Case(
        before=by_hand("own presenter", lambda _world: reverse("presenter_calendar"), {})
    ),
    "staff:bookings_booking_changelist": ticked(
        "bookings_booking", "mark_delivered_ticked", before=a_booking(hours=-3, postcode="")
    ),
    "staff:bookings_booking_export": Case({"form": "csv", "list": ""}),
    "staff:bookings_followup_action quotes": Case(lambda _world: {"chosen": [str(Feedback.objects.latest("pk").pk)]}, answered),
    "staff:bookings_booking_action agree": Case(before=a_request),
    "staff:bookings_booking_action assign": Case(another_presenter, a_booking(presenter=None)),
    "staff:bookings_booking_action attendance": Case({"total": "36"}, a_booking(hours=-3)),
    "staff:bookings_booking_action checked-in": Case(before=a_booking(hours=0.2)),
    "staff:bookings_booking_action checked-out": Case(before=a_booking(hours=-0.7)),
    "booking_seats": Case({"do": "approve"}, a_guest_asks),
    "staff:bookings_booking_action seat-give": Case(before=a_guest_asks),
    "staff:bookings_booking_action seat-decline": Case(before=a_guest_asks),
    "staff:bookings_booking_action seat-give-up": Case(before=a_guest_asks),
    "staff:bookings_booking_action seats-close": Case(before=a_guest_asks),
    "staff:professionals_organisation_action mailbox": Case(
        {"address": "safeguarding.team@trust.example", "source": "https://trust.example/team", "postcode": "LS1 4AP"}
    ),
    "staff:bookings_booking_action confirm": Case(before=a_booking(state=BookingState.REQUESTED)),
    "staff:bookings_booking_action decline": Case(before=a_booking(state=BookingState.REQUESTED)),
    "staff:bookings_booking_action delivered": Case(before=a_booking(hours=-3, postcode="")),
    "staff:bookings_booking_action link": Case({"joining_link": LINK, "link": LINK}, a_booking(postcode="")),
    "staff:bookings_booking_action more-feedback": Case(before=asked_how_it_was(a_booking(hours=-3))),
    "staff:bookings_booking_action move": Case({"look": None, "day": "", "clock": ""}),
    "staff:bookings_booking_action offer": Case({"look": None, "day": day(30), "clock": "10am"}, a_request),
    "staff:bookings_booking_action reassign": Case(another_presenter),
    "staff:bookings_booking_action not-cancelled": Case(before=a_cancelled_booking),
    "staff:bookings_booking_action not-delivered": Case(before=a_booking(hours=-3, postcode="", state=BookingState.DELIVERED)),
    "staff:bookings_booking_action not-checked-in": Case(before=an_arrival),
    "staff:bookings_booking_action not-checked-out": Case(before=a_departure),
    "staff:bookings_booking_action write": Case(before=an_address_that_works),
    "staff:bookings_booking_action on-it": Case(before=a_booking(hours=-3)),
    "staff:take_on_alarm": Case(before=a_booking(hours=-3)),
    "staff:bookings_booking_action safe": Case(before=a_booking(hours=-3)),
    "staff:bookings_leave_action grant": Case(before=asked_leave),
    "staff:bookings_leave_action refuse": Case(before=asked_leave),
    "staff:bookings_opensession_action assign": Case(another_presenter, a_session(presenter=None)),
    "staff:bookings_opensession_action attendance": Case({"total": "36"}, a_session(hours=-3)),
    "staff:bookings_opensession_action caller": Case({"find": ""}, pages=2),
    "staff:bookings_opensession_action capacity": Case({"capacity": "40"}),
    "staff:bookings_opensession_action delivered": Case(before=a_session(hours=-3)),
    "staff:bookings_opensession_action joining": Case({"own_joining_link": LINK}),
    "staff:bookings_opensession_action more-feedback": Case(before=asked_how_it_was(a_session(hours=-3))),
    "staff:bookings_opensession_action move": Case({"day": day(45), "clock": "10am"}, pages=2),
    "staff:bookings_opensession_action not-cancelled": Case(before=a_cancelled_session),
    "staff:bookings_opensession_action not-delivered": Case(before=a_session(hours=-3, state=SessionState.DELIVERED)),
    "staff:bookings_opensession_action people": Case(
        lambda world: {"came": [pk_of("bookings_sessionplace")(world)]}, a_session(hours=-3)
    ),
    "staff:bookings_opensession_action reassign": Case(another_presenter),
    # -- Staff: leaflets --
    "staff:leaflets_edition_add": Case(lambda world: {"published_on": day(-1), "review_on": day(400), "pdf": pdf(world)}),
    "staff:leaflets_edition_change": Case({"label": "April 2026"}),
    "staff:leaflets_edition_action recall": Case({"instead": "cancel"}, pages=2),
    "staff:leaflets_edition_action review": Case({"reviewed_on": day(-1), "review_on": day(400)}),
    "staff:leaflets_leaflet_add": Case({"slug": "new-leaflet", "version_of": "", "usual_words": ""}),
    "staff:leaflets_leaflet_action version": Case({"language": ["welsh"]}),
    "staff:leaflets_order_add": Case({"find": "", "to_postcode": "LS1 4AP", "organisation_name": "Leeds"}, pages=2),
    "staff:leaflets_order_changelist": ticked("leaflets_order", "start_packing_all"),
    "staff:leaflets_order_export": Case({"form": "csv", "list": ""}),
    "staff:leaflets_order_action approve": Case(before=more_than_one_may),
    "staff:leaflets_order_action decline": Case(before=an_order(OrderState.REQUESTED)),
    "staff:leaflets_order_action dispatch": Case(before=an_order(OrderState.PACKING)),
    "staff:leaflets_order_action forward": Case(before=an_order_that_waits),
    "staff:leaflets_order_action in-line": Case(before=an_order_passed_forward),
    "staff:leaflets_order_action restore": Case(before=a_cancelled_order),
    "staff:leaflets_order_action write": Case(before=an_address_that_works),
    "staff:leaflets_packingsession_action add": Case(lambda world: {"reference": world["objects"]["leaflets_order"].reference}),
    "staff:leaflets_packingsession_action take-out": Case({"which": "1"}),
    "staff:leaflets_recall_action reached": Case(
        lambda world: {"person": str(world["objects"]["leaflets_recall"].holders.earliest("pk").pk)}, a_recall
    ),
    "staff:leaflets_sheetimport_add": Case(stock_list),
    "staff:leaflets_sheetimport_change": Case(before=an_uploaded_list),
    "staff:reach_report_add": Case({"period": "own", "first": "1 2026", "last": "3 2026"}),
    "staff:reach_report_action delete": Case({"why_deleted": "newer"}),
    "staff:reach_report_action resume": Case(before=a_report_that_stopped),
    "staff:professionals_import_add": Case(contacts_list),
    "staff:professionals_import_action choices": Case({"choice": "skip", "row-2": "link-0"}, an_import_with_a_duplicate),
    "staff:professionals_import_action resume": Case(before=an_import_that_stopped),
    "staff:professionals_import_action undo": Case(before=a_past_import),
    "staff:leaflets_stocktake_action confirm": Case(before=by_hand("manager", to_count, {})),
    # -- Staff: people and mail --
    "staff:notifications_notification_changelist": ticked("notifications_notification", "send_ticked", before=unsent),
    "staff:notifications_notification_action send-again": Case(before=unsent),
    "staff:notifications_send_failed": Case(before=unsent),
    "staff:mail_test_came": Case(before=mail_tested),
    "staff:notifications_teammail_change": Case({"rhythm": ["daily"]}),
    "staff:guidance_guidancepage_action approve": Case(
        lambda world: {"author": str(world["users"]["coordinator"].pk), "review_on": day(90)}
    ),
    "staff:guidance_guidancepage_action withdraw": Case(before=an_approved_page),
    "staff:professionals_flaggedtext_action clear": Case(before=read_by_the_lead),
    "staff:professionals_flaggedtext_action no-child": Case(before=read_by_the_lead),
    "staff:professionals_organisation_change": Case({"name": "Another name"}),
    "staff:professionals_organisation_action merge": Case(
        before=twice_in_the_list, query=lambda world: f"with={pk_of('other_organisation')(world)}"
    ),
    "staff:professionals_organisation_action undo-merge": Case(before=two_merged),
    "staff:professionals_person_action call-off": Case(before=a_merge_that_waits),
    "staff:professionals_person_action merge": Case(
        before=twice_in_the_list, query=lambda world: f"with={pk_of('other_person')(world)}"
    ),
    "staff:professionals_person_action undo-merge": Case(before=two_merged),
    "staff:professionals_person_action write": Case(before=an_address_that_works),
    "staff:professionals_person_action hand-over": Case(
        lambda world: {"colleague": world["objects"]["colleague"].email}, a_colleague
    ),
    "staff:professionals_person_change": Case({"name": "Robin Hale"}),
    "staff:professionals_recogniseddomain_add": Case({"domain": "new.example.nhs.uk"}),
    "staff:professionals_recogniseddomain_change": Case({"domain": "new.ac.uk"}),
    "staff:professionals_recogniseddomain_changelist": ticked("professionals_recogniseddomain", "delete_selected"),
    "staff:professionals_blockedattempt_changelist": ticked("professionals_blockedattempt", "seen_all"),
    "staff:save_view": Case(query="o=1"),
    "staff:accounts_user_change": Case(
        lambda _world: {"is_staff": ["on"], "groups": [str(Group.objects.get(name="Coordinator").pk)]}
    ),
    "staff:accounts_user_action recover": Case({"number": "0113 243 2799"}),
    "staff:accounts_user_action reset-second-factor": Case(before=a_colleague_with_an_app),
}
# Of these nothing is stored, and why. What is sent beside must not change that.
WHY_NOTHING = {
    "leads on, for in this state there is nothing to do here": """
        account_change_password account_complete_password_reset account_confirm_login_code account_email_verification_sent
        account_reauthenticate account_sent_late mfa_authenticate book_check book_dates book_when
        booking_details_check booking_time_check link_time_check place_link order_check session_again staff:login
        staff:password_change staff:password_change_done staff:reach_around staff:reach_invite staff:reach_session
    """,
    "shows, and asks nothing": """
        staff:bookings_booking_change staff:bookings_leave_change staff:bookings_opensession_change
        staff:privacy_complaint_change staff:privacy_breach_change staff:guidance_guidancepage_change
        staff:leaflets_missingparcel_change staff:leaflets_order_change staff:leaflets_recall_change
        staff:leaflets_stocktake_change staff:notifications_markedaddress_change staff:office_textversion_change
        staff:professionals_flaggedtext_change staff:professionals_import_change staff:professionals_blockedattempt_change
        staff:reach_report_change staff:reach_rolemailbox_change
    """,
    "is of the session alone": """
        account_logout account_passkey_options account_session_end account_sessions_end_others staff:logout
    """,
    "looks a postcode up": "who_to_tell",
    "answers with a file": """
        certificate presenter_slide staff:leaflets_packingsession_print
    """,
    "answers with a file, which the audit writes down": """
        staff:bookings_followup_export staff:bookings_booking_export staff:bookings_opensession_export
        staff:leaflets_order_export staff:professionals_organisation_export staff:professionals_person_export
    """,
    "asks for a password that nobody has": "account_login_password",
    "says that staff need a second factor": "mfa_deactivate_totp",
}
NOTHING_TO_STORE = {asked for names in WHY_NOTHING.values() for asked in names.split()}
NOTHING_TO_STORE |= {"staff:privacy_breach_action paper"}  # a button that shows, and asks nothing
