from django.urls import path

from bookings.presenting import afterwards, availability, calendars, checking, day, diary, leave, sessions

urlpatterns = [
    path("", diary.presenter_diary, name="presenter_diary"),
    path("day/", day.presenter_day, name="presenter_day"),
    path("visits/<str:reference>/check-in/", checking.presenter_check_in, name="presenter_check_in"),
    path("visits/<str:reference>/check-out/", checking.presenter_check_out, name="presenter_check_out"),
    path("visits/<str:reference>/attendance/", afterwards.presenter_attendance, name="presenter_attendance"),
    path("visits/<str:reference>/slide/", afterwards.presenter_slide, name="presenter_slide"),
    path("visits/<str:reference>/slide.pdf", afterwards.presenter_slide_pdf, name="presenter_slide_pdf"),
    path("visits/<str:reference>/", diary.presenter_visit, name="presenter_visit"),
    path("sessions/<str:reference>/attendance/", sessions.presenter_session_attendance, name="presenter_session_attendance"),
    path("sessions/<str:reference>/slide/", sessions.presenter_session_slide, name="presenter_session_slide"),
    path("sessions/<str:reference>/slide.pdf", sessions.presenter_session_slide_pdf, name="presenter_session_slide_pdf"),
    path("sessions/<str:reference>/", sessions.presenter_session, name="presenter_session"),
    path("availability/", availability.presenter_availability, name="presenter_availability"),
    path("availability/week/", availability.presenter_week, name="presenter_week"),
    path("availability/days/", availability.presenter_days, name="presenter_days"),
    path("availability/days/<int:exception_id>/end/", availability.presenter_end_days, name="presenter_end_days"),
    path("availability/rules/", availability.presenter_rules, name="presenter_rules"),
    path("calendar/", calendars.presenter_calendar, name="presenter_calendar"),
    path("calendar/stop/", calendars.presenter_calendar_stop, name="presenter_calendar_stop"),
    path("leave/", leave.presenter_leave, name="presenter_leave"),
    path("leave/ask/", leave.presenter_ask_for_leave, name="presenter_ask_for_leave"),
    path("leave/<int:leave_id>/end/", leave.presenter_end_leave, name="presenter_end_leave"),
]
