"""What we have promised about orders, and the settings that would break it."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import ngettext_lazy

from leaflets.models import Order, OrderState
from office.site_settings.models import SiteSettings
from office.site_settings.services import INCREASE, CountedPromise
from professionals.models import Person

ORDER_LIST_URL_NAME = "staff:leaflets_order_changelist"


def recently_ordered(old: SiteSettings, new: SiteSettings, now: datetime) -> QuerySet[Person]:
    lately = Order.objects.filter(created_at__gt=now - timedelta(days=old.order_window_days))
    return Person.objects.filter(pk__in=lately.values("person"))


PROMISES = (
    CountedPromise(
        "order_window_days",
        INCREASE,
        recently_ordered,
        ngettext_lazy(
            "%(n)s person has ordered lately, and may have read that more can be ordered sooner.",
            "%(n)s people have ordered lately, and may have read that more can be ordered sooner.",
            "count",
        ),
        ORDER_LIST_URL_NAME,
    ),
    CountedPromise(
        "answer_working_days",
        INCREASE,
        lambda old, new, now: Order.objects.filter(state=OrderState.REQUESTED),
        ngettext_lazy(
            "We have promised an answer sooner for %(n)s order over the limit.",
            "We have promised an answer sooner for %(n)s orders over the limit.",
            "count",
        ),
        ORDER_LIST_URL_NAME,
        f"state__exact={OrderState.REQUESTED}",
    ),
    CountedPromise(
        "packing_working_days",
        INCREASE,
        lambda old, new, now: Order.objects.filter(state=OrderState.RECEIVED),
        ngettext_lazy(
            "We have promised to pack %(n)s order sooner.",
            "We have promised to pack %(n)s orders sooner.",
            "count",
        ),
        ORDER_LIST_URL_NAME,
        f"state__exact={OrderState.RECEIVED}",
    ),
)
