from django.urls import path

from privacy import views

urlpatterns = [
    path("account/my-data/", views.my_data, name="account_my_data"),
    path("account/delete/", views.delete_account, name="account_delete"),
    path("account/deleted/", views.account_deleted, name="account_deleted"),
    path("privacy/complaint/", views.complaint, name="complaint"),
    path("privacy/complaint/sent/<str:token>/", views.complaint_sent, name="complaint_sent"),
]
