from django.urls import path

from privacy import views
from privacy import views as deleting
from privacy.views import my_data

urlpatterns = [
    path("account/my-data/", my_data, name="account_my_data"),
    path("account/delete/", deleting.delete_account, name="account_delete"),
    path("account/deleted/", deleting.account_deleted, name="account_deleted"),
    path("privacy/complaint/", views.complaint, name="complaint"),
    path("privacy/complaint/sent/<str:token>/", views.complaint_sent, name="complaint_sent"),
]
