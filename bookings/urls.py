from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from bookings.booking.views import book as book_views, bookings as booking_views
from bookings.calendars import views as calendars_views
from bookings.feedback import views as feedback_views
from bookings.leave import views as leave_views
from bookings.models.booking import CHECK_IN, CHECK_OUT
from bookings.open_sessions import views as open_sessions_views
from bookings.presenter import views as presenter_views
from bookings.schedule import team as team_views
from bookings.schedule.access import own_sessions, own_visits
from bookings.seats import views as seats_views

# These details are asked on the first page of a booking now.
details_moved = RedirectView.as_view(pattern_name="book_where", query_string=True, http_method_names=["get", "head"])
session_urls = [
    path("sessions/", open_sessions_views.sessions, name="sessions"),
    path("sessions/<str:reference>/", open_sessions_views.session, name="session"),
    path("sessions/<str:reference>/place/", open_sessions_views.session_place, name="session_place"),
    path("sessions/<str:reference>/mine/", open_sessions_views.session_mine, name="session_mine"),
    path("sessions/<str:reference>/mine/calendar.ics", open_sessions_views.session_calendar, name="session_calendar"),
    path("place-links/<str:token>/", open_sessions_views.place_link, name="place_link"),
    path("place-links/<str:token>/leave/", open_sessions_views.place_link_leave, name="place_link_leave"),
]

seat_urls = [
    path("bookings/<str:reference>/seats/", seats_views.booking_seats, name="booking_seats"),
    path("bookings/<str:reference>/seats/offer/", seats_views.booking_seats_offer, name="booking_seats_offer"),
    path("seats/", seats_views.seats, name="seats"),
    path("seats/<str:reference>/", seats_views.seat, name="seat"),
    path("seats/<str:reference>/calendar.ics", seats_views.seat_calendar, name="seat_calendar"),
]

calendar_urls = [
    path("calendars/<str:token>.ics", calendars_views.calendar_feed, name="calendar_feed"),
    path("my/calendar/", calendars_views.my_calendar, name="my_calendar"),
    path("my/calendar/stop/", calendars_views.my_calendar_stop, name="my_calendar_stop"),
]

feedback_urls = [
    path("sessions/<str:reference>/mine/again/", open_sessions_views.session_again, name="session_again"),
    path("f/", feedback_views.feedback_code, name="feedback_code"),
    path("f/<str:code>/", feedback_views.feedback, name="feedback"),
    path("f/<str:code>/thanks/", feedback_views.feedback_thanks, name="feedback_thanks"),
    path("f/<str:code>/certificate/", feedback_views.certificate, name="certificate"),
    path("f/<str:code>/three-months/<str:key>/", feedback_views.three_months_on, name="three_months_on"),
    path("f/<str:code>/host/<str:key>/", feedback_views.host_feedback, name="host_feedback"),
    path("f/<str:code>/host/<str:key>/again/", feedback_views.host_again, name="host_again"),
    path("f/<str:code>/host/<str:key>/leaflets/", feedback_views.host_leaflets, name="host_leaflets"),
]
# The presenter's own visits, or their own open sessions, for routes that both have.
VISIT_KWARGS, SESSION_KWARGS = {"own": own_visits}, {"own": own_sessions}
presenter_urls = [
    path("", presenter_views.presenter_diary, name="presenter_diary"),
    path("day/", presenter_views.presenter_day, name="presenter_day"),
    path("visits/<str:reference>/check-in/", presenter_views.presenter_tap, {"tap": CHECK_IN}, name="presenter_check_in"),
    path("visits/<str:reference>/check-out/", presenter_views.presenter_tap, {"tap": CHECK_OUT}, name="presenter_check_out"),
    path("visits/<str:reference>/take-back/", presenter_views.presenter_take_back, name="presenter_take_back"),
    path("visits/<str:reference>/late/", presenter_views.presenter_late, name="presenter_late"),
    path("visits/<str:reference>/disclosed/", presenter_views.presenter_disclosed, name="presenter_disclosed"),
    path("visits/<str:reference>/help/", presenter_views.presenter_help, name="presenter_help"),
    path("visits/<str:reference>/attendance/", feedback_views.presenter_attendance, VISIT_KWARGS, name="presenter_attendance"),
    path("visits/<str:reference>/sheet.pdf", feedback_views.presenter_sheet, name="presenter_sheet"),
    path("visits/<str:reference>/slide/", feedback_views.presenter_slide, VISIT_KWARGS, name="presenter_slide"),
    path("visits/<str:reference>/slide.pdf", feedback_views.presenter_slide_pdf, VISIT_KWARGS, name="presenter_slide_pdf"),
    path("visits/<str:reference>/", presenter_views.presenter_visit, name="presenter_visit"),
    path(
        "sessions/<str:reference>/attendance/",
        feedback_views.presenter_attendance,
        SESSION_KWARGS,
        name="presenter_session_attendance",
    ),
    path("sessions/<str:reference>/slide/", feedback_views.presenter_slide, SESSION_KWARGS, name="presenter_session_slide"),
    path(
        "sessions/<str:reference>/slide.pdf",
        feedback_views.presenter_slide_pdf,
        SESSION_KWARGS,
        name="presenter_session_slide_pdf",
    ),
    path("sessions/<str:reference>/", presenter_views.presenter_session, name="presenter_session"),
    path("availability/", presenter_views.presenter_availability, name="presenter_availability"),
    path("availability/week/", presenter_views.presenter_week, name="presenter_week"),
    path("availability/days/", presenter_views.presenter_days, name="presenter_days"),
    path("availability/days/<int:exception_id>/end/", presenter_views.presenter_end_days, name="presenter_end_days"),
    path("availability/rules/", presenter_views.presenter_rules, name="presenter_rules"),
    path("calendar/", presenter_views.presenter_calendar, name="presenter_calendar"),
    path("calendar/stop/", presenter_views.presenter_calendar_stop, name="presenter_calendar_stop"),
    path("leave/", leave_views.presenter_leave, name="presenter_leave"),
    path("leave/ask/", leave_views.presenter_ask_for_leave, name="presenter_ask_for_leave"),
    path("leave/<int:leave_id>/end/", leave_views.presenter_end_leave, name="presenter_end_leave"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    *calendar_urls,
    *feedback_urls,
    path("presentations/", booking_views.presentations, name="presentations"),
    path("presentations/<slug:slug>/", booking_views.presentation, name="presentation"),
    path("book/<slug:slug>/", book_views.book_start, name="book_start"),
    path("book/<slug:slug>/where/", book_views.book_where, name="book_where"),
    path("book/<slug:slug>/when/", book_views.book_when, name="book_when"),
    path("book/<slug:slug>/dates/", book_views.book_dates, name="book_dates"),
    path("book/<slug:slug>/details/", details_moved, name="book_details"),
    path("book/<slug:slug>/leaflets/", book_views.book_leaflets, name="book_leaflets"),
    path("book/<slug:slug>/check/", book_views.book_check, name="book_check"),
    path("bookings/<str:reference>/", booking_views.booking, name="booking"),
    path("bookings/<str:reference>/placed/", booking_views.booking_placed, name="booking_placed"),
    path("bookings/<str:reference>/calendar.ics", booking_views.booking_calendar, name="booking_calendar"),
    path("bookings/<str:reference>/answer/", booking_views.booking_answer, name="booking_answer"),
    path("bookings/<str:reference>/cancel/", booking_views.booking_cancel, name="booking_cancel"),
    path("bookings/<str:reference>/team-link/", booking_views.booking_team_link, name="booking_team_link"),
    path("bookings/<str:reference>/again/", book_views.booking_again, name="booking_again"),
    path("bookings/<str:reference>/time/", booking_views.booking_time, name="booking_time"),
    path("bookings/<str:reference>/time/check/", booking_views.booking_time_check, name="booking_time_check"),
    path("bookings/<str:reference>/details/", booking_views.booking_details, name="booking_details"),
    path("bookings/<str:reference>/details/check/", booking_views.booking_details_check, name="booking_details_check"),
    path("links/cancelled/", booking_views.link_cancelled, name="link_cancelled"),
    path("links/team/<str:token>/", booking_views.team_link, name="team_link"),
    path("links/team/<str:token>/calendar.ics", booking_views.team_calendar, name="team_calendar"),
    path("links/<str:token>/", booking_views.link_booking, name="link_booking"),
    path("links/<str:token>/time/", booking_views.link_time, name="link_time"),
    path("links/<str:token>/time/check/", booking_views.link_time_check, name="link_time_check"),
    path("links/<str:token>/cancel/", booking_views.link_cancel, name="link_cancel"),
    *session_urls,
    *seat_urls,
    path("staff/mine/", include(presenter_urls)),
    path("staff/bookings/calendar/", team_views.team_calendar, name="staff_calendar"),
    path("staff/bookings/calendar/address/", team_views.team_calendar_address, name="staff_calendar_address"),
    path("staff/bookings/calendar/address/stop/", team_views.team_calendar_stop, name="staff_calendar_stop"),
]
