from django.urls import path

from leaflets.catalogue import views as catalogue_views
from leaflets.orders import views as order_views

urlpatterns = [
    path("leaflets/", catalogue_views.leaflets, name="leaflets"),
    path("leaflets/<slug:slug>/", catalogue_views.leaflet, name="leaflet"),
    path("leaflets/<slug:slug>/download/", catalogue_views.leaflet_download, name="leaflet_download"),
    path("leaflets/<slug:slug>/cover/<int:number>/", catalogue_views.leaflet_cover, name="leaflet_cover"),
    path("leaflets/<slug:slug>/alert/", catalogue_views.leaflet_alert, name="leaflet_alert"),
    path("basket/", order_views.basket, name="basket"),
    path("basket/add/<slug:slug>/", catalogue_views.basket_add, name="basket_add"),
    path("order/delivery/", order_views.order_delivery, name="order_delivery"),
    path("order/check/", order_views.order_check, name="order_check"),
    path("orders/<str:reference>/", order_views.order, name="order"),
    path("orders/<str:reference>/placed/", order_views.order_placed, name="order_placed"),
    path("orders/<str:reference>/change/", order_views.order_change, name="order_change"),
    path("orders/<str:reference>/cancel/", order_views.order_cancel, name="order_cancel"),
    path("orders/<str:reference>/missing/", order_views.order_missing, name="order_missing"),
    path("orders/<str:reference>/again/", order_views.order_again, name="order_again"),
    path("my/addresses/", order_views.addresses, name="my_addresses"),
    path("my/addresses/add/", order_views.address, name="my_address_add"),
    path("my/addresses/<int:address_id>/", order_views.address, name="my_address_change"),
    path("my/addresses/<int:address_id>/remove/", order_views.address_remove, name="my_address_remove"),
]
