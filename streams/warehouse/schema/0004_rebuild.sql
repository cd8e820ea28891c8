-- Who rebuilds: one at a time, since two could write rows of one version.

CREATE TABLE IF NOT EXISTS {database}.leases
(
    name LowCardinality(String) COMMENT 'What is held: rebuild',
    owner UUID COMMENT 'Who claims it: one number per process',
    until_tstamp DateTime64(3, 'UTC') COMMENT 'Until when the claim holds, by the server''s clock (milliseconds, UTC)',
    version UInt64 COMMENT 'How often the owner has written its claim; the last one counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (name, owner)
TTL toDateTime(until_tstamp) + INTERVAL 1 DAY
COMMENT 'Claims of rebuilds, so that one runs at a time. Rows go after a day';

-- A rebuild may find that a visitor has no closed session after all: a row of 0 sessions.
CREATE OR REPLACE VIEW {database}.visitors_v AS
SELECT *
FROM {database}.visitors FINAL
WHERE sessions > 0
COMMENT 'Visitors with a closed session, one row each: the table that stitches visitors to users';
