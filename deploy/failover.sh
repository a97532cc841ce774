#!/bin/sh
# The primary is dead: make the standby the new primary, and have PgBouncer send everybody there. On PgBouncer's machine:
#
#     deploy/failover.sh OLD NEW
#
# OLD and NEW are the addresses of the dead primary and of the standby. First make sure that OLD is off and stays off (take its
# power or its network away): what an old primary that comes back takes in is lost. docs/cluster.md says what to do afterwards.
#
# It signs in to NEW as PGUSER (else postgres), who must be a superuser; a password comes from ~/.pgpass or PGPASSWORD.
# PGBOUNCER_INI and RELOAD_PGBOUNCER say where PgBouncer's file is and how it reads that again, where that is not Debian's way.
# It may be run again: what is done already is left as it is.
set -eu

if [ $# != 2 ]; then
	echo "Usage: $0 OLD NEW (addresses of the dead primary and of the standby)" >&2
	exit 2
fi
OLD=$1
NEW=$2
INI=${PGBOUNCER_INI:-/etc/pgbouncer/pgbouncer.ini}
RELOAD=${RELOAD_PGBOUNCER:-systemctl reload pgbouncer}
export PGUSER="${PGUSER:-postgres}" PGCONNECT_TIMEOUT=5

say() {
	echo "$(date -u +%H:%M:%S) $1"
}

ask() {
	psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --host "$NEW" --dbname postgres --command "$1"
}

if pg_isready --quiet --timeout 3 --host "$OLD"; then
	echo "$OLD still answers. Switch it off first: two primaries would each take bookings that the other never sees." >&2
	exit 1
fi
grep -q "^ctac = .*host=" "$INI" || {
	echo "$INI has no line that begins with 'ctac = host='. Nothing was changed." >&2
	exit 1
}

if [ "$(ask 'SELECT pg_is_in_recovery()')" = t ]; then
	say "promoting $NEW"
	[ "$(ask 'SELECT pg_promote(true, 60)')" = t ] || {
		echo "$NEW did not become a primary within 60 seconds: read its log. PgBouncer was not changed." >&2
		exit 1
	}
fi
# It has no standby yet, and no commit may wait for one.
ask "ALTER SYSTEM SET synchronous_standby_names = ''" >/dev/null
ask "SELECT pg_reload_conf()" >/dev/null
say "$NEW takes writes"

# In place, because the file may belong to PgBouncer's own user.
changed=$(sed "s/^\(ctac = .*host=\)[^ ]*/\1$NEW/" "$INI")
printf '%s\n' "$changed" >"$INI"
$RELOAD
say "PgBouncer sends everybody to $NEW. Until it has a standby again, a second failure loses data: docs/cluster.md says how."
