"""The titles that the product ships with, and the sample PDFs that a new copy is tried with."""

from datetime import date, datetime
from typing import TypedDict

from django.conf import settings
from django.utils.translation import gettext as _

from leaflets.catalogue.services import add_edition, make_cover
from leaflets.models import Edition, Leaflet
from leaflets.pdf import ACCENT, WHITE, Colour, TaggedPdf, draw_mark, draw_mark_path
from leaflets.stock.services import receive_stock
from professionals.models import Profession

# The titles that the product ships with, and the samples that a new copy is tried with.

# Titles are facts; every other word is ours. Staff may change all of it afterwards: loading adds what is missing and changes
# nothing that is there. The advice line's number stands in none of these texts, because it is a setting: page and PDF add it.
#
# Where the facts come from: Modern Slavery Act 2015, Human Trafficking and Exploitation (Scotland) Act 2015, Human
# Trafficking and Exploitation (Criminal Justice and Support for Victims) Act (Northern Ireland) 2015; the Home Office's
# guidance on the National Referral Mechanism and its list of first responder organisations.


class ShippedTitle(TypedDict):
    slug: str
    title: str
    for_whom: str
    audience: str
    summary: str
    topics: str
    introduction: str
    situations: str
    signs: str
    what_to_do: str
    usual_copies: int
    usual_words: str
    position: int


HEALTH_VISITORS = ShippedTitle(
    slug="health-visitors",
    title="Stop child trafficking in its tracks: advice for health visitors",
    for_whom="health visitors",
    audience=Profession.HEALTH_VISITOR,
    summary="You see families at home, where few others look. What may strike you on a visit, and what to do about it.",
    topics="Babies and young children\nPrivate fostering\nSpotting the signs",
    introduction="""\
Child trafficking means that someone recruits, moves, hides or receives a child so that the child can be exploited. No force \
or trick is needed for it to be trafficking, and a child can’t consent to it. It happens across borders and within one town.
Children may be exploited for sex, for work, for crime such as growing cannabis or carrying drugs, for benefits, or kept to \
clean and look after other children in a private home. You may be the only professional who comes through that door.""",
    situations="""\
A baby or child is with adults whose story about how they are related is vague or changes.
A child of school age is at home in school hours, cleaning, cooking or minding younger children.
A family has just moved in, has no health record, or moves again before anyone can get to know them.
A new mother looks very young, can’t say where she lives, or is never left alone with you.
Many adults and children who are not related share one address, or you are kept out of some rooms.
A child is said to live with a private foster carer, and the council has not been told.""",
    signs="""\
The child is not registered with a GP or a school, or is there under different names or dates of birth.
Another person speaks for the child, keeps the child’s papers, or stays in the room.
The child seems frightened, watchful or withdrawn, or gives an account that sounds learnt by heart.
The child works in the home, sleeps apart from the family, or has fewer clothes and toys than the other children.
Injuries, illness or pregnancy have had no care, or care came late.
The child owes somebody money, or someone threatens the child’s family.""",
    what_to_do="""\
If a child is in immediate danger, call 999.
Follow your local safeguarding procedures the same day, and tell your safeguarding lead. You need no proof: a concern is enough.
Talk to the child alone if you safely can. Use a trained interpreter, never a relative, a neighbour or someone from the house.
Don’t question or accuse the adults, and don’t say what you suspect. That can put the child in more danger.
Write down what you saw and heard, in the child’s own words, with the date, the time and who was there.
Make a referral to children’s social care. They or the police are first responders, who make the referral to the National \
Referral Mechanism. A child does not have to consent to that.
Ask what would happen if the child were gone tomorrow. Trafficked children often go missing, so don’t wait for the next visit.""",
    usual_copies=10,
    usual_words="A team of eight usually takes 10.",
    position=1,
)

SOCIAL_WORKERS = ShippedTitle(
    slug="social-workers",
    title="Stop child trafficking in its tracks: advice for social workers",
    for_whom="social workers",
    audience=Profession.SOCIAL_WORKER,
    summary="From the first contact to keeping a child in care safe: signs, referral, and why the first days matter most.",
    topics="Going missing\nReferral\nPrivate fostering\nSpotting the signs",
    introduction="""\
Child trafficking means that someone recruits, moves, hides or receives a child so that the child can be exploited. No force \
or trick is needed for it to be trafficking, and a child can’t consent to it. Children from the UK are trafficked too, often \
from one town to another.
Many trafficked children who come into care go missing from it, some in the first days, and back to those who exploit them. \
What you do on the day you meet the child matters.""",
    situations="""\
A child arrives alone at a port, an airport or a police station and seeks asylum.
A child in care goes missing, again and again or within days of being placed.
You assess a private fostering arrangement, or find one that nobody reported.
A child is arrested for growing cannabis, carrying drugs, stealing or begging.
Police or housing officers find a child in a raid, at a workplace or in a house full of adults.
Someone comes to collect a child, and nobody can confirm who they are.""",
    signs="""\
The child has a phone number to ring, a phone that keeps ringing, or money that nobody can explain.
The child’s account is short and sounds rehearsed, or matches word for word what other children said.
The child is afraid of being found, speaks of a debt, or won’t say who paid for the journey.
The child has papers that are false or missing, or an age that is in doubt.
There are signs of injury, of sexual harm or of long hours of work.
A child from the UK has new clothes, travels far from home, or is often picked up by older people.""",
    what_to_do="""\
If a child is in immediate danger, call 999.
Follow your local safeguarding procedures: hold a strategy discussion with the police and health at once. Don’t wait for proof.
Plan for the child going missing before the first night: a placement that the adults don’t know, a photograph, who is called \
when, and agreed limits on phone and internet that the child has had explained.
See the child alone, with a trained interpreter who has no link to the adults. Check who anyone is who claims the child.
Your local authority is a first responder: refer the child to the National Referral Mechanism. A child does not have to \
consent, and the referral does not replace safeguarding.
If the age is in doubt and there are reasons to believe the person is under 18, treat them as a child until it is settled.
Ask for an independent guardian where your nation or area has that service, and see that the child has a solicitor.
A child who was made to commit a crime may have a defence in law. Tell the police and the solicitor what you suspect.""",
    usual_copies=10,
    usual_words="A team of eight usually takes 10.",
    position=2,
)

EMERGENCY_CARE = ShippedTitle(
    slug="emergency-care",
    title="Stop child trafficking in its tracks: advice for A&E departments and walk-in clinics",
    for_whom="A&E and walk-in clinic staff",
    audience=Profession.EMERGENCY_CARE,
    summary="A child may pass through your department once. What to notice in that one visit, and how to keep the child safe.",
    topics="Emergency care\nInjuries and health\nSpotting the signs",
    introduction="""\
Child trafficking means that someone recruits, moves, hides or receives a child so that the child can be exploited. No force \
or trick is needed for it to be trafficking, and a child can’t consent to it.
Trafficked children are often kept away from a GP, so an injury, an infection or a pregnancy brings them to you instead. It \
may be the only time that anyone sees them. A receptionist, a porter or a nurse may be the one who notices.""",
    situations="""\
A child comes with an adult who is not a parent and who answers every question.
A child comes alone, or with other young people, and gives no address or one that changes.
An injury doesn’t fit its story, or is old and has had no care.
A girl is pregnant and has had no antenatal care, or asks for treatment for a sexually transmitted infection.
A child has burns, chemical injuries, knife wounds, or swallowed or hidden drugs.
The adult wants to leave before treatment is over, or refuses that the child stays.""",
    signs="""\
The child looks to the adult before speaking, or is silent while the adult is there.
Name, date of birth or address differ from the last visit, or don’t belong together.
The child doesn’t know which town this is, or how they got there.
There are signs of old injuries, of poor food, of exhaustion or of long hours of work.
The child is afraid of the police, of being sent away, or of a debt.
The child has no papers, or someone else holds them.""",
    what_to_do="""\
If a child is in immediate danger, call 999, and tell your security staff.
Follow your local safeguarding procedures now, during this visit. Tell your safeguarding lead or the named nurse or doctor.
Make time with the child alone: an X-ray or a urine sample is a natural reason. Use a trained interpreter, never the adult.
Don’t question or accuse the adult. Do what lets the child stay without raising an alarm.
Write down what you saw and heard in the child’s own words, and what the adult looked like, with times.
Before the child leaves, speak to children’s social care or the police. They are first responders, who make the referral to \
the National Referral Mechanism. NHS staff don’t make it themselves, and a child does not have to consent to it.
If the child leaves before help comes, call the police at once and say that the child may have been trafficked.""",
    usual_copies=20,
    usual_words="A department of 16 usually takes 20.",
    position=3,
)

ALL_PROFESSIONALS = ShippedTitle(
    slug="all-professionals",
    title="Child trafficking is child abuse",
    for_whom="every professional",
    audience="",
    summary="What child trafficking is, where any of us may meet it, and the few steps that protect a child.",
    topics="The basics\nReferral\nSpotting the signs",
    introduction="""\
Child trafficking means that someone recruits, moves, hides or receives a child so that the child can be exploited. No force \
or trick is needed for it to be trafficking, and a child can’t consent to it.
It is child abuse. It happens to girls and boys, to children from abroad and to children who were born here and never leave \
the country. Those who do it may be strangers, a gang, someone the child loves, or the child’s own family.""",
    situations="""\
At school: a child joins without records, is often absent, or vanishes from the roll.
In a house or flat: a child minds other children, cleans, or is hardly ever seen outside.
At work: a child washes cars, does nails, works in a kitchen or on a building site, and is paid little or nothing.
On the street or a train: a child begs, steals, or carries drugs or money a long way from home.
At a border: a child travels alone, or with an adult who knows little about the child.
Online: someone the child has never met sends gifts, tickets or orders.""",
    signs="""\
The child is moved about, doesn’t know the address, or is driven to and fro.
Somebody else holds the child’s papers, phone or money, or speaks for the child.
The child is afraid, gives a learnt account, or trusts nobody in uniform.
The child has injuries, is very tired, or has had no care for an illness.
The child has money, clothes or a phone that nobody can explain, or owes a debt.
The child goes missing, even for a short time.""",
    what_to_do="""\
If a child is in immediate danger, call 999.
Tell your safeguarding lead and follow your local safeguarding procedures the same day. A concern is enough.
Don’t face the adults with it, and don’t promise the child to keep a secret. Say that you will get help.
Write down what you saw and heard, in the child’s own words, with the date and the time.
Make a referral to children’s social care, or tell the police.
First responders, such as councils and the police, make the referral to the National Referral Mechanism, which decides whether \
someone is a victim of modern slavery. Keeping the child safe comes first and doesn’t wait for it.""",
    usual_copies=10,
    usual_words="A team of eight usually takes 10.",
    position=4,
)

TITLES = (HEALTH_VISITORS, SOCIAL_WORKERS, EMERGENCY_CARE, ALL_PROFESSIONALS)


def load_titles() -> list[Leaflet]:
    """The shipped titles, added where they are missing, in the catalogue's order."""
    return [Leaflet.objects.get_or_create(slug=title["slug"], defaults=title)[0] for title in TITLES]


SAMPLE_LABEL = "Sample edition, March 2026"
SAMPLE_PUBLISHED, SAMPLE_REVIEW = date(2026, 3, 2), date(2028, 3, 1)
SAMPLE_STOCK = {"health-visitors": 400, "social-workers": 350, "emergency-care": 250, "all-professionals": 1200}


def load_samples(now: datetime) -> None:
    """The catalogue with a sample PDF, its cover and stock for each title. Titles that have an edition already are left alone."""
    for leaflet in load_titles():
        if leaflet.editions.exists():
            continue
        content = sample_pdf(leaflet, label=SAMPLE_LABEL, made_at=now)
        dates = {"published_on": SAMPLE_PUBLISHED, "review_on": SAMPLE_REVIEW}
        edition = add_edition(leaflet=leaflet, label=SAMPLE_LABEL, content=content, now=now, **dates)
        receive_stock(edition=edition, copies=SAMPLE_STOCK[leaflet.slug], by=None, now=now, reason="Sample stock")
    for edition in Edition.objects.current().not_looked_at().select_related("leaflet"):
        make_cover(edition=edition)


# The sample PDF of a leaflet, made from the same text as its web page, until staff upload the approved edition.
#
# Two A4 pages. The first is the cover, what trafficking is, and where one meets it; the second the signs, what to do, and
# whom to call. Headings hang in a narrow column on the left, so that the lines of text stay short.

INK: Colour = (22, 35, 43)
QUIET: Colour = (74, 88, 97)
BRAND: Colour = (11, 74, 84)
BRAND_LIGHT: Colour = (24, 97, 108)
WASH: Colour = (243, 246, 245)
HAIRLINE: Colour = (185, 197, 200)
ERROR: Colour = (168, 32, 26)

MARGIN, TEXT_LEFT = 18, 66  # mm from the left: the headings' column and the text's
TEXT_WIDTH = 210 - TEXT_LEFT - MARGIN
STEP_WIDTH = TEXT_WIDTH - 9
HEADING_WIDTH = TEXT_LEFT - MARGIN - 10
COVER_HEIGHT, CALL_HEIGHT = 112, 54  # mm high: the cover panel and the panel of whom to call
BODY_SIZE = 11.5  # points
FOOT_TOP = 286  # mm from the top
PAGES = 2


class LeafletPdf(TaggedPdf):
    def __init__(self, leaflet: Leaflet, label: str, made_at: datetime) -> None:
        super().__init__(title=leaflet.title, made_at=made_at)
        self.set_margins(MARGIN, MARGIN)
        self.leaflet, self.label = leaflet, label


def sample_pdf(leaflet: Leaflet, *, label: str, made_at: datetime) -> bytes:
    """The bytes of the PDF; the same text gives the same bytes."""
    pdf = LeafletPdf(leaflet, label, made_at)
    sample_notice = _("Sample. Staff replace it with the approved edition.")
    pdf.add_page()
    pdf.panel(0, 0, pdf.w, COVER_HEIGHT, BRAND)
    # The mark, so large that it runs out of the cover: a path that turns towards a light.
    scale, x, y = 4.7, 92, -9
    with pdf.decoration(), pdf.local_context(), pdf.rect_clip(0, 0, pdf.w, COVER_HEIGHT):
        draw_mark_path(pdf, x, y, scale, BRAND_LIGHT)
    pdf.panel(0, COVER_HEIGHT, pdf.w, 2, ACCENT)
    draw_mark(pdf, MARGIN, 16, size=14, square=BRAND_LIGHT)
    pdf.set_xy(MARGIN + 19, 18.5)
    pdf.write_block("P", _("Child trafficking advice centre"), size=13, bold=True, colour=WHITE, width=90)
    title, _colon, audience = pdf.leaflet.title.partition(": ")
    pdf.set_xy(MARGIN, 45)
    with pdf.tagged("H1", pdf.leaflet.title):
        pdf.draw_text(title, size=34, bold=True, colour=WHITE, width=128, leading=1.12)
        if audience:
            pdf.set_xy(MARGIN, pdf.y + 2)
            pdf.draw_text(audience[:1].upper() + audience[1:], size=19, colour=WHITE, width=112, leading=1.2)
    pdf.set_xy(MARGIN, COVER_HEIGHT - 13)
    pdf.write_block("P", sample_notice, size=10, bold=True, colour=WHITE, width=120)
    pdf.set_xy(TEXT_LEFT, COVER_HEIGHT + 13)
    for paragraph in pdf.leaflet.introduction.splitlines():
        pdf.write_block("P", paragraph, size=13, colour=INK, width=TEXT_WIDTH, leading=1.4)
        pdf.set_xy(TEXT_LEFT, pdf.y + 2.5)
    pdf.set_y(pdf.y + 5)
    pdf.panel(MARGIN, pdf.y, pdf.w - 2 * MARGIN, 0.3, HAIRLINE)
    pdf.set_y(pdf.y + 1)
    _section(pdf, _("Where you may meet a trafficked child"), leaflet.situation_points)
    _foot(pdf)
    pdf.add_page()
    pdf.panel(0, 0, pdf.w, 13, BRAND)
    pdf.panel(0, 13, pdf.w, 1.2, ACCENT)
    pdf.set_xy(MARGIN, 4.2)
    pdf.write_block("P", sample_notice, size=10, bold=True, colour=WHITE, width=120)
    pdf.set_y(18)
    few = _("One sign alone may mean nothing. Several together, or one that troubles you, are a reason to act.")
    _section(pdf, _("Signs that a child may be at risk"), leaflet.sign_points, first=few)
    _what_to_do(pdf)
    _whom_to_call(pdf)
    return bytes(pdf.output())


def _section(pdf: LeafletPdf, heading: str, points: list[str], *, first: str = "") -> None:
    """The heading on the left, the points on the right."""
    top = pdf.y
    pdf.set_xy(MARGIN, top + 5)
    pdf.write_block("H2", heading, size=15, bold=True, colour=BRAND, width=HEADING_WIDTH, leading=1.2)
    pdf.set_xy(TEXT_LEFT, top + 5)
    if first:
        pdf.write_block("P", first, size=BODY_SIZE, bold=True, colour=INK, width=TEXT_WIDTH)
        pdf.set_y(pdf.y + 2)
    with pdf.element("L"):
        for point in points:
            top = pdf.y
            with pdf.element("LI"):
                with pdf.tagged("Lbl", "•"):
                    pdf.set_fill_color(*BRAND)
                    pdf.circle(TEXT_LEFT + 1, top + 2.75, 0.9, style="F")
                pdf.set_xy(TEXT_LEFT + 5, top)
                pdf.write_block("LBody", point, size=BODY_SIZE, colour=INK, width=TEXT_WIDTH - 5)
            pdf.set_xy(TEXT_LEFT, pdf.y + 1.5)
    pdf.set_y(pdf.y + 4)


def _foot(pdf: LeafletPdf, colour: Colour = QUIET) -> None:
    """The edition stands on the first page alone; the page's number is for those who hold the paper."""
    pdf.set_xy(MARGIN, FOOT_TOP)
    if pdf.page == 1:
        pdf.write_block("P", pdf.label, size=9, colour=colour, width=120)
    pdf.set_xy(pdf.w - MARGIN - 30, FOOT_TOP)
    with pdf.decoration():
        pdf.set_font("Helvetica", "", 9)
        pdf.set_text_color(*colour)
        number = _("Page %(page)d of %(pages)d") % {"page": pdf.page, "pages": PAGES}
        pdf.cell(30, 4.3, number, align="R")


def _what_to_do(pdf: LeafletPdf) -> None:
    """Numbered, on a panel of its own that reaches down to whom to call."""
    top = pdf.y
    pdf.panel(0, top, pdf.w, pdf.h - CALL_HEIGHT - top, WASH)
    pdf.set_xy(MARGIN, top + 6)
    pdf.write_block("H2", _("What to do with a concern"), size=20, bold=True, colour=BRAND, width=HEADING_WIDTH, leading=1.15)
    pdf.set_xy(TEXT_LEFT, top + 6.5)
    steps = pdf.leaflet.what_to_do_points
    # Millimetres from one step to the next, so that few fill the panel as many do.
    heights = [pdf.height_of(text, size=BODY_SIZE, bold=text == steps[0], width=STEP_WIDTH) for text in steps]
    gap = max(1.5, min(5, ((pdf.h - CALL_HEIGHT - 8 - pdf.y) - sum(heights)) / max(1, len(steps) - 1)))
    with pdf.element("L"):
        for number, text in enumerate(steps, start=1):
            top, urgent = pdf.y, number == 1  # the first is the most urgent one, and looks it
            with pdf.element("LI"):
                with pdf.tagged("Lbl", f"{number}."):
                    pdf.set_fill_color(*(ERROR if urgent else BRAND))
                    pdf.circle(TEXT_LEFT + 2.8, top + 2.75, 2.8, style="F")
                    pdf.set_xy(TEXT_LEFT, top + 0.3)
                    pdf.set_font("Helvetica", "B", 10)
                    pdf.set_text_color(*WHITE)
                    pdf.cell(5.6, 4.9, str(number), align="C")
                pdf.set_xy(TEXT_LEFT + 9, top)
                pdf.write_block("LBody", text, size=BODY_SIZE, bold=urgent, colour=INK, width=STEP_WIDTH)
            pdf.set_xy(TEXT_LEFT, pdf.y + gap)


def _whom_to_call(pdf: LeafletPdf) -> None:
    top = pdf.h - CALL_HEIGHT
    pdf.panel(0, top, pdf.w, CALL_HEIGHT, BRAND)
    pdf.panel(0, top - 1.2, pdf.w, 1.2, ACCENT)
    pdf.set_xy(MARGIN, top + 8)
    pdf.write_block("H2", _("Whom to call"), size=20, bold=True, colour=WHITE, width=HEADING_WIDTH, leading=1.15)
    pdf.set_xy(TEXT_LEFT, top + 8.5)
    lead = _("Not sure? Talk it through with our advice line for professionals:")
    pdf.write_block("P", lead, size=BODY_SIZE, colour=WHITE, width=TEXT_WIDTH)
    pdf.write_block("P", settings.ADVICE_PHONE, size=30, bold=True, colour=WHITE, width=TEXT_WIDTH, leading=1.25)
    facts = {"hours": settings.ADVICE_HOURS, "email": settings.ADVICE_EMAIL}
    pdf.write_block("P", _("%(hours)s. Or email %(email)s.") % facts, size=BODY_SIZE, colour=WHITE, width=TEXT_WIDTH)
    pdf.set_xy(TEXT_LEFT, pdf.y + 2)
    danger = _("If a child is in immediate danger, call 999.")
    pdf.write_block("P", danger, size=BODY_SIZE + 1.5, bold=True, colour=WHITE, width=TEXT_WIDTH)
    _foot(pdf, colour=WHITE)
