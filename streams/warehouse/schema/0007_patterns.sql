-- Behaviours: which there are, which session has which, and the model that says so.

CREATE TABLE IF NOT EXISTS {database}.patterns
(
    pattern_id UUID COMMENT 'Id of the pattern: stays while it does much the same; that of the funnel where it is the walkers of one',
    app_id LowCardinality(String) COMMENT 'App it was learned over; empty where over all',
    name String COMMENT 'Name of the pattern',
    kind LowCardinality(String) COMMENT 'funnel: walks a found funnel; cluster: does alike; other: all that is left',
    description String COMMENT 'What its sessions do, in words',
    steps Array(String) COMMENT 'Steps of its funnel in order, or those it holds more than others',
    step_shares Array(Float64) COMMENT 'Share of its sessions that take each of steps',
    step_lifts Array(Float64) COMMENT 'Share over that of all sessions, for each of steps',
    sessions UInt64 COMMENT 'Sessions that have it',
    visitors UInt64 COMMENT 'Visitors with such a session',
    share Float64 COMMENT 'sessions / all sessions read',
    conversion Nullable(Float64) COMMENT 'Share of its sessions that walk its funnel to the end; NULL without a funnel',
    goal_share Float64 COMMENT 'Share of its sessions that reach a goal of the settings',
    drop_off_step String COMMENT 'Step at which most of its sessions end',
    drop_off Float64 COMMENT 'Share of its sessions that end there',
    devices Map(String, UInt64) COMMENT 'dvce_type → its sessions; the sum over all patterns is the base',
    channels Map(String, UInt64) COMMENT 'default_channel_group → its sessions; the sum over all patterns is the base',
    stability Nullable(Float64) COMMENT 'How alike clusters of two samples are (adjusted Rand index); NULL where not a cluster',
    stability_by_chance Nullable(Float64) COMMENT 'The same in shuffled data; NULL where not a cluster',
    sessions_before Nullable(UInt64) COMMENT 'Its sessions in the run before; NULL where it is new',
    share_before Nullable(Float64) COMMENT 'Its share in the run before; NULL where it is new',
    since_tstamp Nullable(DateTime64(3, 'UTC')) COMMENT 'Sessions that start from then on were read (milliseconds, UTC); NULL: from the first',
    until_tstamp Nullable(DateTime64(3, 'UTC')) COMMENT 'Sessions that start before then were read (milliseconds, UTC); NULL: to the last',
    model_version String COMMENT 'Version of the model that gives it: method and checksum',
    parameters String COMMENT 'How the model was learned, as JSON: seed, how much was read, numbers of clusters tried',
    version UInt64 COMMENT 'Which copy wins under FINAL',
    is_deleted UInt8 COMMENT '1 marks a tombstone: FINAL hides the row'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (app_id, pattern_id)
COMMENT 'One row per pattern. Read it through patterns_v';

CREATE TABLE IF NOT EXISTS {database}.session_patterns
(
    session_id UUID COMMENT 'The session',
    app_id LowCardinality(String) COMMENT 'App of the session',
    start_tstamp DateTime64(3, 'UTC') COMMENT 'Start of the session (milliseconds, UTC)',
    model_app_id LowCardinality(String) COMMENT 'App the model was learned over; empty where over all: app_id of patterns',
    pattern_id UUID COMMENT 'Its pattern',
    walked UInt16 COMMENT 'Steps of the pattern''s funnel it takes, in order; 0 without a funnel',
    model_version LowCardinality(String) COMMENT 'Version of the model that gave it',
    version UInt64 COMMENT 'Which copy wins under FINAL',
    is_deleted UInt8 COMMENT '1 marks a tombstone: FINAL hides the row'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(start_tstamp)
ORDER BY (app_id, toDate(start_tstamp), session_id, model_app_id)
COMMENT 'One row per session and model. Read it through session_patterns_v';

CREATE TABLE IF NOT EXISTS {database}.pattern_models
(
    app_id LowCardinality(String) COMMENT 'App it was learned over; empty where over all',
    model_version String COMMENT 'Method and checksum',
    body String COMMENT 'The model, as JSON',
    checksum String COMMENT 'SHA-256 of body, in hex',
    version UInt64 COMMENT 'Which copy wins under FINAL'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY app_id
COMMENT 'The model that gives sessions their patterns, one for each app';

CREATE VIEW IF NOT EXISTS {database}.patterns_v AS
SELECT * EXCEPT is_deleted
FROM {database}.patterns FINAL
COMMENT 'Patterns, one row each';

CREATE VIEW IF NOT EXISTS {database}.session_patterns_v AS
SELECT * EXCEPT is_deleted
FROM {database}.session_patterns FINAL
COMMENT 'Patterns of sessions, one row per session and model';
