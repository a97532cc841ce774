from django.urls import path

from ctac.local.mailbox import views

urlpatterns = [
    path("", views.mailbox, name="mailbox"),
    path("<str:name>/", views.mailbox_message, name="mailbox_message"),
    path("<str:name>/html/", views.mailbox_html, name="mailbox_html"),
    path("<str:name>/parts/<int:number>/", views.mailbox_part, name="mailbox_part"),
]
