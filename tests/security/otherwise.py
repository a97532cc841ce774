"""Forms in other circumstances than those of FILLED_IN."""

from tests.matrix.asking import address
from tests.security.beforehand import Case, by_hand, day, just_given

OTHER_DATES = ("clock_1", "day_2", "clock_2", "day_3", "clock_3", "first_day", "last_day")
OTHERWISE = {
    "book_dates": Case(
        {"day_1": day(90), "part_1": "morning"} | dict.fromkeys(OTHER_DATES, ""),
        by_hand("owner", lambda world: address("book_where", world), {}),
        pages=4,
    ),
    "booking_details": Case({"audience_size": "9"}, pages=2),
    "host_leaflets": Case(before=just_given),
}
