"""How the fields of people, accounts and what belongs to them are classified."""

from ctac.classification import NONE, PERSONAL

FIELDS: dict[str, dict[str, str]] = {
    "OutwardCode": {
        "code": NONE,
        "latitude": NONE,
        "longitude": NONE,
        "nation": NONE,
        "zone": NONE,
        "authority": NONE,
        "others": NONE,
    },
    "LocalAuthority": {"code": NONE, "name": NONE, "region": NONE, "nation": NONE},
    "User": {
        "id": PERSONAL,
        "password": PERSONAL,
        "last_login": PERSONAL,
        "is_superuser": NONE,
        "email": PERSONAL,
        "is_staff": NONE,
        "is_active": NONE,
        "date_joined": PERSONAL,
    },
    "Person": {
        "id": PERSONAL,
        "user": PERSONAL,
        "name": PERSONAL,
        "email": PERSONAL,
        "phone": PERSONAL,
        "profession": PERSONAL,
        "organisation": PERSONAL,
        "postcode": PERSONAL,
        "created_at": NONE,
        "erased_at": NONE,
        "searched": PERSONAL,  # a copy of what is searched; follows it, also when that is erased
    },
    "Absorbed": {"id": NONE, "person": PERSONAL, "key": PERSONAL, "since": NONE},
    "FormerAddress": {"id": NONE, **dict.fromkeys(("person", "address", "until"), PERSONAL)},
    "Organisation": {"id": NONE, "name": NONE, "created_at": NONE},
    "RecognisedDomain": {"id": NONE, "domain": NONE},
    "Draft": {
        "id": NONE,
        "kind": NONE,
        "key_hash": NONE,
        "person": PERSONAL,
        "answers": PERSONAL,
        "token": NONE,
        "expires_at": NONE,
    },
    "Session": {
        **dict.fromkeys(("session_key", "public_id", "of_staff", "expire_date", "ends_at"), NONE),
        **dict.fromkeys(("user", "session_data", "device", "started_at", "seen_at"), PERSONAL),
    },
    "AddressChange": {
        **dict.fromkeys(("id", "until", "token_hash"), NONE),
        **dict.fromkeys(("user", "old", "new", "changed_at", "objected_at"), PERSONAL),
    },
    "FlaggedText": dict.fromkeys(("id", "about", "reference", "flagged_at", "read_at", "decision"), NONE),
    "FlaggedEvent": {**dict.fromkeys(("id", "flagged", "kind", "at"), NONE), "by": PERSONAL},
    "OutOfHours": dict.fromkeys(("id", "route"), NONE),
    "AccountRecovery": {"id": NONE, **dict.fromkeys(("user", "by", "at", "old", "new", "called", "number"), PERSONAL)},
    "RateLimit": dict.fromkeys(("key", "hits", "resets_at", "lifted"), NONE),
    "Stopped": {
        **dict.fromkeys(("id", "hour", "where", "why", "by", "key", "about", "times", "last_at"), NONE),
        **dict.fromkeys(("seen_at", "let_through_at", "organisation"), NONE),
        "person": PERSONAL,
        "by_staff": PERSONAL,
    },
    "RetentionRun": {**dict.fromkeys(("id", "started_at", "ended_at", "done", "left"), NONE), "by": PERSONAL},
    "DataAction": {
        **dict.fromkeys(("id", "done", "reason", "at", "written_at"), NONE),
        **dict.fromkeys(("person", "by"), PERSONAL),
    },
}
