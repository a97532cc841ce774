"""The titles that the product ships with, and the sample PDFs that a new copy is tried with."""

from dataclasses import replace
from datetime import date, datetime
from typing import TypedDict

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from core.pdf.typesetting import printable_text, render_pdf
from guidance.content import AUDIENCES, read_guidance
from guidance.pdf import LEAFLET, guidance_data
from leaflets.catalogue.services import add_edition, make_cover
from leaflets.models import Edition, Leaflet
from leaflets.stock.services import receive_stock
from professionals.models import Profession

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
Children may be exploited sexually, or made to work or to commit crime, such as growing cannabis or carrying drugs. Adults \
may claim benefits in their name, or keep them to clean and look after other children in a private home. You may be the only \
professional who comes through that door.""",
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
The child owes someone money, or someone threatens the child’s family.""",
    what_to_do="""\
If a child is in immediate danger, call 999.
Follow your local safeguarding procedures, and tell your safeguarding lead. You don’t need proof: a concern is enough.
Talk to the child alone if you safely can. Use a trained interpreter, never a relative, a neighbour or someone from the house.
Don’t question or accuse the adults, and don’t say what you suspect. That can put the child in more danger.
Write down what you saw and heard, in the child’s own words, with the date, the time and who was there.
Tell children’s services or the police the same day. They are first responders, who make the referral to the National \
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
The child has a phone number to call, a phone that keeps ringing, or money that nobody can explain.
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
Refer the child to the National Referral Mechanism. Your council is a first responder; in Northern Ireland, your health and \
social care trust is. In England and Wales, the law says that councils must notify the Home Office, and for a child the \
referral does that. A child does not have to consent, and the referral does not replace safeguarding.
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
The injury doesn’t match the explanation, or is old and untreated.
A girl is pregnant and has had no antenatal care, or asks for treatment for a sexually transmitted infection.
A child has burns, chemical injuries, knife wounds, or swallowed or hidden drugs.
The adult wants to leave before treatment is over, or won’t let the child stay.""",
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
Make time with the child alone, for example during an X-ray that the child needs anyway. Use a trained interpreter, never \
the adult.
Don’t question or accuse the adult. Don’t lock a child in or hold a child back by force: only the police or a court can stop \
a person with parental responsibility from taking the child. If an adult wants to do that, call 999 at once.
Write down what you saw and heard in the child’s own words, and what the adult looked like, with times.
Before the child leaves, speak to children’s services or the police. They are first responders, who make the referral to the \
National Referral Mechanism. In Northern Ireland, your health and social care trust is one. A child does not have to consent.
If the child leaves before help comes, call 999 at once and say that the child may have been trafficked.""",
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
Someone else holds the child’s papers, phone or money, or speaks for the child.
The child is afraid, gives a learnt account, or trusts nobody in uniform.
The child has injuries, is very tired, or has had no care for an illness.
The child has money, clothes or a phone that nobody can explain, or owes a debt.
The child goes missing, even for a short time.""",
    what_to_do="""\
If a child is in immediate danger, call 999.
Tell your safeguarding lead and follow your local safeguarding procedures. A concern is enough.
Don’t confront the adults, and don’t promise the child to keep a secret. Say that you will get help.
Write down what you saw and heard, in the child’s own words, with the date and the time.
Tell children’s services or the police the same day.
First responders, such as councils, the police and the trusts in Northern Ireland, make the referral to the National \
Referral Mechanism. It decides whether someone is a victim of modern slavery. Keeping the child safe comes first and doesn’t \
wait for it.""",
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
    """Add a sample PDF, its cover and stock to each title that has no edition yet."""
    for leaflet in load_titles():
        if leaflet.editions.exists():
            continue
        content = sample_pdf(leaflet, label=SAMPLE_LABEL, made_at=now)
        dates = {"published_on": SAMPLE_PUBLISHED, "review_on": SAMPLE_REVIEW}
        edition = add_edition(leaflet=leaflet, label=SAMPLE_LABEL, content=content, now=now, **dates)
        receive_stock(edition=edition, copies=SAMPLE_STOCK[leaflet.slug], by=None, now=now, reason="Sample stock")
    for edition in Edition.objects.current().without_cover().select_related("leaflet"):
        make_cover(edition=edition)


def sample_pdf(leaflet: Leaflet, *, label: str, made_at: datetime) -> bytes:
    """A PDF for trying the catalogue until staff upload the approved edition. The same text gives the same bytes.

    Its text is the guidance for this leaflet's readers, or for every professional, under the leaflet's own title.
    """
    guidance = read_guidance(leaflet.slug if leaflet.slug in AUDIENCES else "all-professionals")
    url = f"{settings.SITE_URL}{reverse('guidance_page', args=[guidance.slug])}"
    notice = _("Sample. Staff replace it with the approved edition.")
    guidance = replace(guidance, title=printable_text(leaflet.title))
    data = guidance_data(guidance, None, url=url, notice=notice, label=printable_text(label))
    return render_pdf(LEAFLET, data, made_at=made_at)
