-- Funnels that were drawn and recorded, and those that were discovered. A row written again has a higher version.

CREATE TABLE IF NOT EXISTS {database}.funnels
(
    funnel_id UUID COMMENT 'Id of the funnel: a drawn one keeps it while app, name and steps stay',
    app_id LowCardinality(String) COMMENT 'App it was counted over; empty where over all',
    name String COMMENT 'Name of the funnel',
    source LowCardinality(String) COMMENT 'drawn or discovered',
    steps Array(String) COMMENT 'Steps in order: page:PATH or event:NAME, with templates',
    step_order LowCardinality(String) COMMENT 'loose: anything may come between two steps; strict: nothing may',
    scope LowCardinality(String) COMMENT 'What walks it: session or visitor',
    within_s Float64 COMMENT 'Longest time from the first step to the last (seconds)',
    sessions UInt64 COMMENT 'Sessions (or visitors, by scope) that took the first step',
    visitors UInt64 COMMENT 'Visitors that took the first step; 0 where not counted',
    converted UInt64 COMMENT 'Sessions (or visitors) that took the last step',
    conversion Float64 COMMENT 'converted / sessions',
    lift Nullable(Float64) COMMENT 'How much more often than chance its steps follow each other; NULL where drawn',
    p_value Nullable(Float64) COMMENT 'Of its weakest step; NULL where drawn',
    q_value Nullable(Float64) COMMENT 'p_value corrected over all candidates; NULL where drawn',
    label LowCardinality(String) COMMENT 'What a model says of it, as explained by navigation; empty where nothing',
    since_tstamp Nullable(DateTime64(3, 'UTC')) COMMENT 'Sessions that start from then on were read (milliseconds, UTC); NULL: from the first',
    until_tstamp Nullable(DateTime64(3, 'UTC')) COMMENT 'Sessions that start before then were read (milliseconds, UTC); NULL: to the last',
    model_version String COMMENT 'Version of the model that found it; empty where drawn',
    version UInt64 COMMENT 'Which copy wins under FINAL',
    is_deleted UInt8 COMMENT '1 marks a tombstone: FINAL hides the row'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (app_id, funnel_id)
COMMENT 'One row per funnel. Read it through funnels_v';

CREATE TABLE IF NOT EXISTS {database}.funnel_steps
(
    funnel_id UUID COMMENT 'Funnel it belongs to',
    app_id LowCardinality(String) COMMENT 'App of the funnel',
    position UInt16 COMMENT 'Place in the funnel, from 1',
    step String COMMENT 'Step: page:PATH or event:NAME, with templates',
    sessions UInt64 COMMENT 'Sessions (or visitors, by scope of the funnel) that took it',
    conversion Float64 COMMENT 'Of those that took the first step',
    conversion_low Float64 COMMENT 'Lower end of the 95 % Wilson interval of conversion',
    conversion_high Float64 COMMENT 'Upper end of the 95 % Wilson interval of conversion',
    drop_off Float64 COMMENT 'Share of those at the step before that did not take it',
    median_s Nullable(Float64) COMMENT 'Median time since the step before (seconds); NULL at the first and where nobody arrived',
    version UInt64 COMMENT 'Which copy wins under FINAL',
    is_deleted UInt8 COMMENT '1 marks a tombstone: FINAL hides the row'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (app_id, funnel_id, position)
COMMENT 'Steps of the funnels. Read it through funnel_steps_v';

CREATE VIEW IF NOT EXISTS {database}.funnels_v AS
SELECT * EXCEPT is_deleted
FROM {database}.funnels FINAL
COMMENT 'Funnels, one row each';

CREATE VIEW IF NOT EXISTS {database}.funnel_steps_v AS
SELECT * EXCEPT is_deleted
FROM {database}.funnel_steps FINAL
COMMENT 'Steps of funnels, one row each';
