from django.urls import path

from bookings.presenting import checking, day, diary, leave

urlpatterns = [
    path("", diary.presenter_diary, name="presenter_diary"),
    path("day/", day.presenter_day, name="presenter_day"),
    path("visits/<str:reference>/check-in/", checking.presenter_check_in, name="presenter_check_in"),
    path("visits/<str:reference>/check-out/", checking.presenter_check_out, name="presenter_check_out"),
    path("visits/<str:reference>/", diary.presenter_visit, name="presenter_visit"),
    path("leave/", leave.presenter_leave, name="presenter_leave"),
    path("leave/ask/", leave.presenter_ask_for_leave, name="presenter_ask_for_leave"),
    path("leave/<int:leave_id>/end/", leave.presenter_end_leave, name="presenter_end_leave"),
]
