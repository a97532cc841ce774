from django.urls import URLPattern, path

from reach.invitations import views

# Reached from mail, without signing in.
urlpatterns: list[URLPattern] = [
    path("mailboxes/<str:token>/", views.mailbox_objection, name="mailbox_objection"),
]
