from django.urls import path
from django.views.generic import RedirectView

from bookings import views
from bookings.views import sessions

# The details are asked on the first page of a booking.
details_moved = RedirectView.as_view(pattern_name="book_where", query_string=True, http_method_names=["get", "head"])
session_urls = [
    path("sessions/", sessions.sessions, name="sessions"),
    path("sessions/<str:reference>/", sessions.session, name="session"),
    path("sessions/<str:reference>/place/", sessions.session_place, name="session_place"),
    path("sessions/<str:reference>/mine/", sessions.session_mine, name="session_mine"),
    path("sessions/<str:reference>/mine/calendar.ics", sessions.session_calendar, name="session_calendar"),
    path("place-links/<str:token>/", sessions.place_link, name="place_link"),
    path("place-links/<str:token>/leave/", sessions.place_link_leave, name="place_link_leave"),
]

calendar_urls = [
    path("calendars/<str:token>.ics", views.calendar_feed, name="calendar_feed"),
    path("my/calendar/", views.my_calendar, name="my_calendar"),
    path("my/calendar/stop/", views.my_calendar_stop, name="my_calendar_stop"),
]

after_urls = [
    path("sessions/<str:reference>/mine/again/", sessions.session_again, name="session_again"),
    path("f/", views.feedback_code, name="feedback_code"),
    path("f/<str:code>/", views.feedback, name="feedback"),
    path("f/<str:code>/thanks/", views.feedback_thanks, name="feedback_thanks"),
    path("f/<str:code>/certificate/", views.certificate, name="certificate"),
    path("f/<str:code>/host/<str:key>/", views.host_feedback, name="host_feedback"),
    path("f/<str:code>/host/<str:key>/again/", views.host_again, name="host_again"),
    path("f/<str:code>/host/<str:key>/leaflets/", views.host_leaflets, name="host_leaflets"),
]
urlpatterns = [
    *calendar_urls,
    *after_urls,
    path("presentations/", views.presentations, name="presentations"),
    path("presentations/<slug:slug>/", views.presentation, name="presentation"),
    path("book/<slug:slug>/", views.book_start, name="book_start"),
    path("book/<slug:slug>/where/", views.book_where, name="book_where"),
    path("book/<slug:slug>/when/", views.book_when, name="book_when"),
    path("book/<slug:slug>/dates/", views.book_dates, name="book_dates"),
    path("book/<slug:slug>/details/", details_moved, name="book_details"),
    path("book/<slug:slug>/leaflets/", views.book_leaflets, name="book_leaflets"),
    path("book/<slug:slug>/check/", views.book_check, name="book_check"),
    path("bookings/<str:reference>/", views.booking, name="booking"),
    path("bookings/<str:reference>/placed/", views.booking_placed, name="booking_placed"),
    path("bookings/<str:reference>/calendar.ics", views.booking_calendar, name="booking_calendar"),
    path("bookings/<str:reference>/answer/", views.booking_answer, name="booking_answer"),
    path("bookings/<str:reference>/cancel/", views.booking_cancel, name="booking_cancel"),
    path("bookings/<str:reference>/time/", views.booking_time, name="booking_time"),
    path("bookings/<str:reference>/time/check/", views.booking_time_check, name="booking_time_check"),
    path("bookings/<str:reference>/details/", views.booking_details, name="booking_details"),
    path("bookings/<str:reference>/details/check/", views.booking_details_check, name="booking_details_check"),
    path("links/cancelled/", views.link_cancelled, name="link_cancelled"),
    path("links/<str:token>/", views.link_booking, name="link_booking"),
    path("links/<str:token>/time/", views.link_time, name="link_time"),
    path("links/<str:token>/time/check/", views.link_time_check, name="link_time_check"),
    path("links/<str:token>/cancel/", views.link_cancel, name="link_cancel"),
    *session_urls,
]
