"""People who asked for mail of a topic, as the inside of a WITH for notifications.services.notify_found."""

# `asked` has the key and the address of each; %(topic)s is a Topic that nobody gets who did not ask.
WHO_ASKED = """
    asked AS (
        SELECT person.id, person.email
        FROM notifications_mailchoice AS choice
        JOIN notifications_mailreader AS reader ON reader.id = choice.reader_id
        JOIN professionals_person AS person ON lower(person.email) = reader.address AND person.email <> ''
        WHERE choice.topic = %(topic)s AND choice.wanted
    )
"""
