from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from bookings.presenting import afterwards as presenter_afterwards
from bookings.presenting import availability as presenter_availability
from bookings.presenting import calendars as presenter_calendars
from bookings.presenting import checking as presenter_checking
from bookings.presenting import day as presenter_day
from bookings.presenting import diary as presenter_diary
from bookings.presenting import leave as presenter_leave
from bookings.presenting import sessions as presenter_sessions
from bookings.views import answer, calendars, changing, check, dates, feedback, flow, host_after, leaflets, linked, mine, offers
from bookings.views.sessions import linked as session_linked
from bookings.views.sessions import listing as session_listing
from bookings.views.sessions import mine as session_mine
from bookings.views.sessions import taking as session_taking

# The details are asked on the first page of a booking.
details_moved = RedirectView.as_view(pattern_name="book_where", query_string=True, http_method_names=["get", "head"])
session_urls = [
    path("sessions/", session_listing.sessions, name="sessions"),
    path("sessions/<str:reference>/", session_listing.session, name="session"),
    path("sessions/<str:reference>/place/", session_taking.session_place, name="session_place"),
    path("sessions/<str:reference>/mine/", session_mine.session_mine, name="session_mine"),
    path("sessions/<str:reference>/mine/calendar.ics", session_mine.session_calendar, name="session_calendar"),
    path("place-links/<str:token>/", session_linked.place_link, name="place_link"),
    path("place-links/<str:token>/leave/", session_linked.place_link_leave, name="place_link_leave"),
]

calendar_urls = [
    path("calendars/<str:token>.ics", calendars.calendar_feed, name="calendar_feed"),
    path("my/calendar/", calendars.my_calendar, name="my_calendar"),
    path("my/calendar/stop/", calendars.my_calendar_stop, name="my_calendar_stop"),
]

after_urls = [
    path("sessions/<str:reference>/mine/again/", session_mine.session_again, name="session_again"),
    path("f/", feedback.feedback_code, name="feedback_code"),
    path("f/<str:code>/", feedback.feedback, name="feedback"),
    path("f/<str:code>/thanks/", feedback.feedback_thanks, name="feedback_thanks"),
    path("f/<str:code>/certificate/", feedback.certificate, name="certificate"),
    path("f/<str:code>/host/<str:key>/", host_after.host_feedback, name="host_feedback"),
    path("f/<str:code>/host/<str:key>/again/", host_after.host_again, name="host_again"),
    path("f/<str:code>/host/<str:key>/leaflets/", host_after.host_leaflets, name="host_leaflets"),
]
presenter_urls = [
    path("", presenter_diary.presenter_diary, name="presenter_diary"),
    path("day/", presenter_day.presenter_day, name="presenter_day"),
    path("visits/<str:reference>/check-in/", presenter_checking.presenter_check_in, name="presenter_check_in"),
    path("visits/<str:reference>/check-out/", presenter_checking.presenter_check_out, name="presenter_check_out"),
    path("visits/<str:reference>/attendance/", presenter_afterwards.presenter_attendance, name="presenter_attendance"),
    path("visits/<str:reference>/slide/", presenter_afterwards.presenter_slide, name="presenter_slide"),
    path("visits/<str:reference>/slide.pdf", presenter_afterwards.presenter_slide_pdf, name="presenter_slide_pdf"),
    path("visits/<str:reference>/", presenter_diary.presenter_visit, name="presenter_visit"),
    path(
        "sessions/<str:reference>/attendance/",
        presenter_sessions.presenter_session_attendance,
        name="presenter_session_attendance",
    ),
    path("sessions/<str:reference>/slide/", presenter_sessions.presenter_session_slide, name="presenter_session_slide"),
    path(
        "sessions/<str:reference>/slide.pdf", presenter_sessions.presenter_session_slide_pdf, name="presenter_session_slide_pdf"
    ),
    path("sessions/<str:reference>/", presenter_sessions.presenter_session, name="presenter_session"),
    path("availability/", presenter_availability.presenter_availability, name="presenter_availability"),
    path("availability/week/", presenter_availability.presenter_week, name="presenter_week"),
    path("availability/days/", presenter_availability.presenter_days, name="presenter_days"),
    path("availability/days/<int:exception_id>/end/", presenter_availability.presenter_end_days, name="presenter_end_days"),
    path("availability/rules/", presenter_availability.presenter_rules, name="presenter_rules"),
    path("calendar/", presenter_calendars.presenter_calendar, name="presenter_calendar"),
    path("calendar/stop/", presenter_calendars.presenter_calendar_stop, name="presenter_calendar_stop"),
    path("leave/", presenter_leave.presenter_leave, name="presenter_leave"),
    path("leave/ask/", presenter_leave.presenter_ask_for_leave, name="presenter_ask_for_leave"),
    path("leave/<int:leave_id>/end/", presenter_leave.presenter_end_leave, name="presenter_end_leave"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    *calendar_urls,
    *after_urls,
    path("presentations/", offers.presentations, name="presentations"),
    path("presentations/<slug:slug>/", offers.presentation, name="presentation"),
    path("book/<slug:slug>/", flow.book_start, name="book_start"),
    path("book/<slug:slug>/where/", flow.book_where, name="book_where"),
    path("book/<slug:slug>/when/", flow.book_when, name="book_when"),
    path("book/<slug:slug>/dates/", dates.book_dates, name="book_dates"),
    path("book/<slug:slug>/details/", details_moved, name="book_details"),
    path("book/<slug:slug>/leaflets/", leaflets.book_leaflets, name="book_leaflets"),
    path("book/<slug:slug>/check/", check.book_check, name="book_check"),
    path("bookings/<str:reference>/", mine.booking, name="booking"),
    path("bookings/<str:reference>/placed/", mine.booking_placed, name="booking_placed"),
    path("bookings/<str:reference>/calendar.ics", mine.booking_calendar, name="booking_calendar"),
    path("bookings/<str:reference>/answer/", answer.booking_answer, name="booking_answer"),
    path("bookings/<str:reference>/cancel/", mine.booking_cancel, name="booking_cancel"),
    path("bookings/<str:reference>/time/", changing.booking_time, name="booking_time"),
    path("bookings/<str:reference>/time/check/", changing.booking_time_check, name="booking_time_check"),
    path("bookings/<str:reference>/details/", changing.booking_details, name="booking_details"),
    path("bookings/<str:reference>/details/check/", changing.booking_details_check, name="booking_details_check"),
    path("links/cancelled/", linked.link_cancelled, name="link_cancelled"),
    path("links/<str:token>/", linked.link_booking, name="link_booking"),
    path("links/<str:token>/time/", linked.link_time, name="link_time"),
    path("links/<str:token>/time/check/", linked.link_time_check, name="link_time_check"),
    path("links/<str:token>/cancel/", linked.link_cancel, name="link_cancel"),
    *session_urls,
    path("staff/mine/", include(presenter_urls)),
]
