"""Reached from mail, without signing in."""

from django.urls import path

from notifications import choice_pages

urlpatterns = [
    path("<str:token>/", choice_pages.mail_choices, name="mail_choices"),
    path("<str:token>/stop/<str:topic>/", choice_pages.mail_stop, name="mail_stop"),
]
