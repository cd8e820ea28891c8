-- How a discovered funnel was found.

ALTER TABLE {database}.funnels
    ADD COLUMN IF NOT EXISTS parameters String COMMENT 'How it was found, as JSON: limits, seed, goal, how much was read; empty where drawn';

CREATE OR REPLACE VIEW {database}.funnels_v AS
SELECT * EXCEPT is_deleted
FROM {database}.funnels FINAL
COMMENT 'Funnels, one row each';
