"""How Django writes dates and times where no words of ours do (the staff site): 9 March 2027, 13:30."""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j F Y, H:i"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"

# The first is how a box is filled in; the rest are what people type (9am, 1:30pm).
TIME_INPUT_FORMATS = ["%H:%M", "%H:%M:%S", "%I:%M%p", "%I.%M%p", "%I%p"]
