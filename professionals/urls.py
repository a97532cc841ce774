"""A person's own details, and getting back into an account."""

from django.urls import path

from professionals import views
from professionals.merges.views import merge

urlpatterns = [
    path("details/", views.details, name="account_details"),
    path("no-way-in/", views.lost_access_help, name="account_no_way_in"),
    path("two-accounts/<int:merge_id>/", merge, name="account_merge"),
    path("address/<str:token>/", views.address_put_back, name="account_address_put_back"),
]
