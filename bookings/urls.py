from django.urls import path
from django.views.generic import RedirectView

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
urlpatterns = [
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
]
