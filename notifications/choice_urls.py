"""Reached from mail, without signing in."""

from django.urls import path

from notifications import views

urlpatterns = [
    path("<str:token>/", views.mail_choices, name="mail_choices"),
    path("<str:token>/stop/<str:topic>/", views.mail_stop, name="mail_stop"),
]
