from django.urls import path

from bookings.presenting import diary

urlpatterns = [
    path("", diary.presenter_diary, name="presenter_diary"),
    path("visits/<str:reference>/", diary.presenter_visit, name="presenter_visit"),
]
