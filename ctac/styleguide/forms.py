"""A question of every kind that the form pack draws, and long words."""

from typing import Any

from django import forms

from ctac.forms import DatePartsField, PageForm

SLOTS = [
    ("Tuesday 9 March 2027", [("a", "9:30am to 11am"), ("b", "1:30pm to 3pm")]),
    ("Wednesday 10 March 2027", [("c", "9:30am to 11am")]),
]
FILLED: dict[str, Any] = {
    "name": "Meera Shah",
    "email": "meera.shah@leeds.example.nhs.uk",
    "phone": "0113 496 0000",
    "people": "12",
    "profession": "midwife",
    "place": "online",
    "slot": "b",
    "topics": ["signs", "law"],
    "day_day": "9",
    "day_month": "3",
    "day_year": "2027",
    "notes": "One of us uses a wheelchair, and one reads lips.",
    "password": "never sent back",
    "agree": "on",
    "token": "abc",
}
# Something is wrong with every question: nothing, too much, or not what was asked for.
WRONG: dict[str, Any] = {
    "email": "meera at leeds",
    "phone": "0113 496 0000 extension 4 or ask for Meera",
    "people": "lots",
    "place": "elsewhere",
    "day_day": "31",
    "day_month": "2",
    "day_year": "2027",
    "notes": "Please bring a portable hearing loop. " * 12,
    "token": "abc",
}


class EverythingForm(PageForm):
    """One field of each kind that the pack draws."""

    autocomplete = {"email": "email", "phone": "tel"}
    option_hints = {"place": {"online": "A video call; we send the link."}}
    conditional = {"address": ("place", "workplace")}

    name = forms.CharField(label="Full name", help_text="As colleagues know you.")
    email = forms.EmailField(label="Work email")
    phone = forms.CharField(label="Phone", required=False, max_length=30, widget=forms.TextInput(attrs={"type": "tel"}))
    people = forms.IntegerField(label="How many people?", min_value=1, max_value=300)
    profession = forms.ChoiceField(label="Profession", choices=[("", "Choose one"), ("gp", "GP"), ("midwife", "Midwife")])
    place = forms.ChoiceField(
        label="Where?", widget=forms.RadioSelect, choices=[("workplace", "At our workplace"), ("online", "Online")]
    )
    address = forms.CharField(label="Address", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    slot = forms.ChoiceField(label="Day and time", widget=forms.RadioSelect, choices=SLOTS)
    topics = forms.MultipleChoiceField(
        label="Topics",
        help_text="Choose all that fit.",
        widget=forms.CheckboxSelectMultiple,
        choices=[("signs", "Signs"), ("law", "The law")],
    )
    day = DatePartsField(label="Your own date", help_text="For example, 9 3 2027.")
    notes = forms.CharField(
        label="Access needs",
        required=False,
        max_length=400,
        widget=forms.Textarea,
        help_text="Please don't give a child's details here.",
    )
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    agree = forms.BooleanField(label="I have told my manager", help_text="We may ask.")
    token = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> None:
        if self.cleaned_data.get("name") == "Nobody":
            raise forms.ValidationError("That time has just gone. Choose another.")


class LongWordsForm(PageForm):
    """Long words, a dependent question that is asked, hints on checkboxes, and what only some forms have."""

    option_hints = {
        "place": {
            "workplace": "A presenter comes to you.",
            "online": "We send you a joining link for a video call. It works in a browser; nothing needs to be installed.",
        },
        "help": {"loop": "We bring a portable one.", "captions": "Typed by a person, so please tell us a week before."},
    }
    conditional = {"town": ("place", "workplace"), "postcode": ("place", "workplace")}
    autocomplete = {"town": "address-level2", "postcode": "postal-code"}

    long = forms.CharField(
        label="What does the organisation that you work for call itself in the letters that it sends to other organisations?",
        help_text="A long name is fine. If there are two, give the one that people in reception would know, since that is "
        "whom our presenter asks first, and tell us about the other one at the end of this form.",
        max_length=200,
    )
    unbroken = forms.CharField(label="An address without a place to break", required=False)
    place = forms.ChoiceField(
        label="Where would you like the presentation?",
        widget=forms.RadioSelect,
        choices=[("workplace", "At your workplace"), ("online", "Online")],
    )
    town = forms.CharField(label="Town or city", required=False)
    postcode = forms.CharField(label="Postcode", required=False)
    help = forms.MultipleChoiceField(
        label="What would help?",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        choices=[("loop", "A hearing loop"), ("captions", "Captions"), ("step-free", "A room without steps to it")],
    )
    audience = forms.ChoiceField(
        label="Who is coming?",
        choices=[
            ("", "A mix of professions"),
            ("long", "Designated and named professionals for safeguarding children in hospitals and in the community"),
        ],
        required=False,
    )
    notes = forms.CharField(
        label="Anything else?", help_text="The box is nearly full.", required=False, max_length=80, widget=forms.Textarea
    )
    fixed = forms.CharField(label="Reference", disabled=True, required=False)
    pdf = forms.FileField(label="The leaflet’s PDF", help_text="Staff only.", required=False)


LONG_WORDS: dict[str, Any] = {
    "long": "Barnardo’s and Partners Independent Child Trafficking Guardianship Service for Yorkshire and the Humber",
    "unbroken": "designated.safeguarding.children@community-and-mental-health-partnership.example.nhs.uk",
    "place": "workplace",
    "town": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "postcode": "LL61 5UJ",
    "help": ["captions"],
    "audience": "long",
    "notes": "The car park is behind the building, and the bell is the one on the left. ab",
    "fixed": "BK-7Q4M-2F",
}


def with_prefix(prefix: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}-{name}": value for name, value in answers.items()}
