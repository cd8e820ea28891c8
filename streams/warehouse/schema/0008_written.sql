-- When rows of funnels and patterns were written: their retention counts from then. Rows that are there count from now.

ALTER TABLE {database}.funnels
    ADD COLUMN IF NOT EXISTS written_tstamp DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was counted (milliseconds, UTC)';

ALTER TABLE {database}.funnel_steps
    ADD COLUMN IF NOT EXISTS written_tstamp DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was counted (milliseconds, UTC)';

ALTER TABLE {database}.patterns
    ADD COLUMN IF NOT EXISTS written_tstamp DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was learned (milliseconds, UTC)';

ALTER TABLE {database}.pattern_models
    ADD COLUMN IF NOT EXISTS written_tstamp DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was learned (milliseconds, UTC)';

ALTER TABLE {database}.funnels MATERIALIZE COLUMN written_tstamp;

ALTER TABLE {database}.funnel_steps MATERIALIZE COLUMN written_tstamp;

ALTER TABLE {database}.patterns MATERIALIZE COLUMN written_tstamp;

ALTER TABLE {database}.pattern_models MATERIALIZE COLUMN written_tstamp;

CREATE OR REPLACE VIEW {database}.funnels_v AS
SELECT * EXCEPT is_deleted
FROM {database}.funnels FINAL
COMMENT 'Funnels, one row each';

CREATE OR REPLACE VIEW {database}.funnel_steps_v AS
SELECT * EXCEPT is_deleted
FROM {database}.funnel_steps FINAL
COMMENT 'Steps of funnels, one row each';

CREATE OR REPLACE VIEW {database}.patterns_v AS
SELECT * EXCEPT is_deleted
FROM {database}.patterns FINAL
COMMENT 'Patterns, one row each';

ALTER TABLE {database}.leases
    COMMENT COLUMN IF EXISTS name 'What is held: rebuild, or discover and the app';
