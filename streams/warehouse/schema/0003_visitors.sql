-- Who the visitors are: one row each, written when a session of theirs is final.

CREATE TABLE IF NOT EXISTS {database}.visitors
(
    app_id LowCardinality(String) COMMENT 'App the visitor belongs to',
    visitor_id UUID COMMENT 'Pseudonym of the visitor',
    user_id String COMMENT 'Last pseudonym of a signed-in user in a closed session; empty where none',
    first_seen_tstamp DateTime64(3, 'UTC') COMMENT 'Start of the first closed session since the visitor was last new (milliseconds, UTC)',
    last_seen_tstamp DateTime64(3, 'UTC') COMMENT 'End of the last closed session (milliseconds, UTC)',
    sessions UInt32 COMMENT 'Closed sessions since the visitor was last new',
    version UInt64 COMMENT 'Which copy wins under FINAL: generation << 48 | offset << 4 | n'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (app_id, visitor_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'One row per visitor with a closed session: user, first and last seen. Read it through visitors_v';

CREATE VIEW IF NOT EXISTS {database}.visitors_v AS
SELECT *
FROM {database}.visitors FINAL
COMMENT 'Visitors with a closed session, one row each: the table that stitches visitors to users';
