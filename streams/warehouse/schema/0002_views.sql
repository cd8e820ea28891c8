-- What people read. FINAL collapses redelivered rows and leaves out tombstones.

CREATE VIEW IF NOT EXISTS {database}.sessions_v AS
SELECT * EXCEPT is_deleted
FROM {database}.sessions FINAL
COMMENT 'Sessions of visitors, one row each';

-- The tests of end and lateness stand in the SELECT: inside the join condition the view is made and every read fails (403).
-- join_use_nulls is fixed so that no reader's setting can turn the zero UUID into NULL.
CREATE VIEW IF NOT EXISTS {database}.events_v AS
SELECT
    e.* EXCEPT is_deleted,
    if(e.is_late = 0 AND e.derived_tstamp <= s.s_end, s.s_id, toUUID('00000000-0000-0000-0000-000000000000')) AS session_id
FROM (SELECT * FROM {database}.events FINAL) AS e
ASOF LEFT JOIN
(
    SELECT app_id AS s_app, visitor_id AS s_visitor, start_tstamp AS s_start, end_tstamp AS s_end, session_id AS s_id
    FROM {database}.sessions FINAL
) AS s
ON e.app_id = s.s_app AND e.visitor_id = s.s_visitor AND e.derived_tstamp >= s.s_start
SETTINGS join_use_nulls = 0
COMMENT 'Events, late ones included, one row each, with their session (zero UUID where late or none)';

CREATE VIEW IF NOT EXISTS {database}.ledger AS
SELECT
    app_id,
    toStartOfHour(arrival_tstamp) AS hour,
    outcome,
    reason,
    count() AS n
FROM {database}.outcomes FINAL
GROUP BY app_id, hour, outcome, reason
COMMENT 'Raw events per app, hour of arrival (UTC), outcome and reason';
