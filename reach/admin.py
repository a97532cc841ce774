"""The pages of this app on the staff site; importing this registers them."""

# ruff: noqa: F401 - imported for what they register

import reach.coverage.views
import reach.gaps.views
import reach.invitations.admin
import reach.near_visits.views
import reach.regional_sessions.views
import reach.renewal
import reach.reports.admin
import reach.rows
