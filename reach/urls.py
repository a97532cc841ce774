from django.urls import URLPattern, path

from reach.invitations import views
from reach.views import where_we_have_been

urlpatterns: list[URLPattern] = [
    path("where-we-have-been/", where_we_have_been, name="where_we_have_been"),
    # Reached from mail, without signing in.
    path("mailboxes/<str:token>/", views.mailbox_objection, name="mailbox_objection"),
]
