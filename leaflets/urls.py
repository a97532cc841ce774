from django.urls import path

from leaflets.views import addresses, again, alerts, basket, catalogue, changing, missing, ordering, orders

urlpatterns = [
    path("leaflets/", catalogue.leaflets, name="leaflets"),
    path("leaflets/<slug:slug>/", catalogue.leaflet, name="leaflet"),
    path("leaflets/<slug:slug>/download/", catalogue.leaflet_download, name="leaflet_download"),
    path("leaflets/<slug:slug>/cover/<int:number>/", catalogue.leaflet_cover, name="leaflet_cover"),
    path("leaflets/<slug:slug>/alert/", alerts.leaflet_alert, name="leaflet_alert"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/<slug:slug>/", catalogue.basket_add, name="basket_add"),
    path("order/delivery/", ordering.order_delivery, name="order_delivery"),
    path("order/check/", ordering.order_check, name="order_check"),
    path("orders/<str:reference>/", orders.order, name="order"),
    path("orders/<str:reference>/placed/", orders.order_placed, name="order_placed"),
    path("orders/<str:reference>/change/", changing.order_change, name="order_change"),
    path("orders/<str:reference>/cancel/", orders.order_cancel, name="order_cancel"),
    path("orders/<str:reference>/missing/", missing.order_missing, name="order_missing"),
    path("orders/<str:reference>/again/", again.order_again, name="order_again"),
    path("my/addresses/", addresses.addresses, name="my_addresses"),
    path("my/addresses/add/", addresses.address_add, name="my_address_add"),
    path("my/addresses/<int:address_id>/", addresses.address_change, name="my_address_change"),
    path("my/addresses/<int:address_id>/remove/", addresses.address_remove, name="my_address_remove"),
]
