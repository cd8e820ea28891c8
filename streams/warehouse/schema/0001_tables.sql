-- Tables of the warehouse. {database} is filled in by streams/warehouse/migrate.py.
-- Sort and partition columns are pure functions of a row's identity: a row written again lands beside its first copy
-- and FINAL keeps the one with the highest version. Never OPTIMIZE … CLEANUP: a removed tombstone lets an old row back.
-- non_replicated_deduplication_window: how many insert tokens the server remembers; more inserts than that between
-- an insert and its retry make rows that only FINAL collapses.

CREATE TABLE IF NOT EXISTS {database}.events
(
    event_id UUID COMMENT 'Id of the event: the tracker''s, or a keyed hash where it gave none',
    app_id LowCardinality(String) COMMENT 'App the event belongs to',
    platform LowCardinality(String) COMMENT 'Kind of platform: web, mob, srv, app, …',
    event LowCardinality(String) COMMENT 'Kind of event: page_view, request, page_ping, struct, unstruct, identify, …',
    event_name LowCardinality(String) COMMENT 'Name of the event where the kind alone does not say it',
    event_fingerprint UInt64 COMMENT 'Keyed hash of the payload; orders copies of one event id',
    collector_tstamp DateTime64(3, 'UTC') COMMENT 'When the collector received it (milliseconds, UTC)',
    derived_tstamp DateTime64(3, 'UTC') COMMENT 'When it happened: device time corrected by the collector''s clock (milliseconds, UTC)',
    arrival_tstamp DateTime64(3, 'UTC') COMMENT 'When it arrived in the log: collector time kept near the log''s own time (milliseconds, UTC)',
    dvce_created_tstamp Nullable(DateTime64(3, 'UTC')) COMMENT 'When the device made it, by its own clock (milliseconds, UTC); NULL where it did not say',
    dvce_sent_tstamp Nullable(DateTime64(3, 'UTC')) COMMENT 'When the device sent it, by its own clock (milliseconds, UTC); NULL where it did not say',
    visitor_id UUID COMMENT 'Pseudonym of the visitor; zero UUID where nothing identifies one',
    user_id String COMMENT 'Pseudonym of the signed-in user, as the rules leave it; empty where none',
    domain_sessionid String COMMENT 'Pseudonym of the tracker''s own session id; empty where none',
    user_ipaddress String COMMENT 'IP address cut to its network (/24 or /48), or empty',
    useragent LowCardinality(String) COMMENT 'User agent as the rules leave it',
    page_url String COMMENT 'Page address with the query as the rules leave it',
    page_urlscheme LowCardinality(String) COMMENT 'Scheme of page_url',
    page_urlhost LowCardinality(String) COMMENT 'Host of page_url',
    page_urlpath String COMMENT 'Path of page_url',
    page_urlquery String COMMENT 'Query of page_url: only the parameters the rules allow',
    page_title String COMMENT 'Title of the page',
    page_referrer String COMMENT 'Referrer address as the rules leave it',
    refr_urlhost LowCardinality(String) COMMENT 'Host of page_referrer',
    refr_medium LowCardinality(String) COMMENT 'Kind of referrer: internal, search, social, email, unknown, …',
    refr_source LowCardinality(String) COMMENT 'Name of the referrer: Google, Facebook, …',
    refr_term String COMMENT 'Search term of the referrer',
    mkt_medium LowCardinality(String) COMMENT 'Campaign medium (utm_medium)',
    mkt_source LowCardinality(String) COMMENT 'Campaign source (utm_source)',
    mkt_term String COMMENT 'Campaign term (utm_term)',
    mkt_content String COMMENT 'Campaign content (utm_content)',
    mkt_campaign LowCardinality(String) COMMENT 'Campaign name (utm_campaign)',
    mkt_network LowCardinality(String) COMMENT 'Ad network whose click id the address carried; the id itself is not kept',
    default_channel_group LowCardinality(String) COMMENT 'Channel: Direct, Organic Search, Paid Search, Email, …',
    geo_country LowCardinality(String) COMMENT 'Country of the IP address, ISO 3166-1 alpha-2; empty where unknown',
    geo_region LowCardinality(String) COMMENT 'Region of the IP address, ISO 3166-2 without the country',
    geo_city LowCardinality(String) COMMENT 'City of the IP address',
    geo_latitude Nullable(Float64) COMMENT 'Latitude of the IP address (degrees); NULL where unknown',
    geo_longitude Nullable(Float64) COMMENT 'Longitude of the IP address (degrees); NULL where unknown',
    geo_timezone LowCardinality(String) COMMENT 'Time zone of the IP address, IANA name',
    asn_number UInt32 COMMENT 'Number of the autonomous system of the IP address; 0 where unknown',
    asn_organization LowCardinality(String) COMMENT 'Owner of the autonomous system',
    br_family LowCardinality(String) COMMENT 'Browser: Chrome, Firefox, …',
    br_version LowCardinality(String) COMMENT 'Version of the browser',
    os_family LowCardinality(String) COMMENT 'Operating system: Windows, Android, …',
    os_version LowCardinality(String) COMMENT 'Version of the operating system',
    dvce_family LowCardinality(String) COMMENT 'Device: iPhone, Samsung SM-G960F, …',
    dvce_type LowCardinality(String) COMMENT 'Kind of device: Desktop, Mobile, Tablet, TV, Bot, Other',
    is_bot UInt8 COMMENT '1 where the visitor looks like a program',
    bot_indicators Array(String) COMMENT 'Why is_bot is 1',
    br_lang LowCardinality(String) COMMENT 'Language of the browser',
    os_timezone LowCardinality(String) COMMENT 'Time zone of the device, IANA name',
    dvce_screenwidth UInt32 COMMENT 'Width of the screen (pixels); 0 where unknown',
    dvce_screenheight UInt32 COMMENT 'Height of the screen (pixels); 0 where unknown',
    se_category LowCardinality(String) COMMENT 'Structured event: category',
    se_action LowCardinality(String) COMMENT 'Structured event: action',
    se_label String COMMENT 'Structured event: label',
    se_property String COMMENT 'Structured event: property',
    se_value Nullable(Float64) COMMENT 'Structured event: value; NULL where none was given',
    contexts String COMMENT 'Contexts the tracker sent, as JSON, as the rules leave them',
    properties Map(String, String) COMMENT 'Further properties, as the rules leave them',
    raw_topic LowCardinality(String) COMMENT 'Raw topic it lies in, with its incarnation: name@n',
    raw_partition UInt32 COMMENT 'Partition of the raw topic',
    raw_offset UInt64 COMMENT 'Offset in the raw partition',
    raw_index UInt32 COMMENT 'Place within its raw record, from 0',
    is_late UInt8 COMMENT '1 where it arrived too late for its session; it belongs to none until a rebuild adopts it',
    rules_version LowCardinality(String) COMMENT 'Hash of the rules it was anonymized by; text in table rules',
    ua_version LowCardinality(String) COMMENT 'Version of the user agent data',
    geo_version LowCardinality(String) COMMENT 'Version of the geo data',
    app_version LowCardinality(String) COMMENT 'Version of Thalweg that enriched it',
    version UInt64 COMMENT 'Which copy wins under FINAL: generation << 48 | offset << 4 | n',
    is_deleted UInt8 COMMENT '1 marks a tombstone: FINAL hides the row'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(derived_tstamp)
ORDER BY (app_id, toDate(derived_tstamp), visitor_id, derived_tstamp, event_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'One row per accepted or late event, anonymized. Read it through events_v';

CREATE TABLE IF NOT EXISTS {database}.sessions
(
    session_id UUID COMMENT 'Id of the session: hash of app, visitor, start and first event',
    app_id LowCardinality(String) COMMENT 'App the session belongs to',
    visitor_id UUID COMMENT 'Pseudonym of the visitor',
    user_id String COMMENT 'Last pseudonym of a signed-in user in the session; empty where none',
    start_tstamp DateTime64(3, 'UTC') COMMENT 'Time of its first event (milliseconds, UTC)',
    end_tstamp DateTime64(3, 'UTC') COMMENT 'Time of its last event (milliseconds, UTC)',
    absolute_time_in_s UInt32 COMMENT 'From first to last event (seconds)',
    engaged_time_in_s UInt32 COMMENT 'Time with activity, by page pings (seconds); 0 where the tracker sends none',
    views UInt32 COMMENT 'Page and screen views',
    total_events UInt32 COMMENT 'All events of the session',
    is_bounce UInt8 COMMENT '1 where fewer than 2 views, engaged below 10 seconds and no goal',
    is_new_visitor UInt8 COMMENT '1 where it is the visitor''s first session, or the first after more than 395 days',
    session_index UInt32 COMMENT 'Place among the visitor''s sessions, from 1',
    first_page_url String COMMENT 'Landing page: address of the first page or screen view',
    first_page_urlhost LowCardinality(String) COMMENT 'Host of the landing page',
    first_page_urlpath String COMMENT 'Path of the landing page',
    first_page_title String COMMENT 'Title of the landing page',
    last_page_url String COMMENT 'Drop-off page: address of the last page or screen view',
    last_page_urlhost LowCardinality(String) COMMENT 'Host of the drop-off page',
    last_page_urlpath String COMMENT 'Path of the drop-off page',
    last_page_title String COMMENT 'Title of the drop-off page',
    page_referrer String COMMENT 'Referrer of the landing page',
    refr_medium LowCardinality(String) COMMENT 'Kind of referrer',
    refr_source LowCardinality(String) COMMENT 'Name of the referrer',
    refr_term String COMMENT 'Search term of the referrer',
    mkt_medium LowCardinality(String) COMMENT 'Campaign medium of the landing page',
    mkt_source LowCardinality(String) COMMENT 'Campaign source of the landing page',
    mkt_term String COMMENT 'Campaign term of the landing page',
    mkt_content String COMMENT 'Campaign content of the landing page',
    mkt_campaign LowCardinality(String) COMMENT 'Campaign name of the landing page',
    mkt_network LowCardinality(String) COMMENT 'Ad network of the landing page',
    default_channel_group LowCardinality(String) COMMENT 'Channel of the landing page',
    geo_country LowCardinality(String) COMMENT 'Country of the first event, ISO 3166-1 alpha-2',
    geo_region LowCardinality(String) COMMENT 'Region of the first event, ISO 3166-2 without the country',
    geo_city LowCardinality(String) COMMENT 'City of the first event',
    br_family LowCardinality(String) COMMENT 'Browser of the first event',
    os_family LowCardinality(String) COMMENT 'Operating system of the first event',
    dvce_type LowCardinality(String) COMMENT 'Kind of device of the first event',
    is_bot UInt8 COMMENT '1 where the first event looks like a program''s',
    goals Array(String) COMMENT 'Goals reached, in order',
    goal_value Float64 COMMENT 'Sum of the values of the goals reached',
    steps Array(String) COMMENT 'Steps in order: page:PATH or event:NAME',
    step_offsets_ms Array(UInt32) COMMENT 'Time of each step after the start (milliseconds)',
    is_capped UInt8 COMMENT '1 where steps were cut at the cap',
    is_final UInt8 COMMENT '1 where no on-time event can change it any more',
    version UInt64 COMMENT 'Which copy wins under FINAL: generation << 48 | offset << 4 | n',
    is_deleted UInt8 COMMENT '1 marks a tombstone: FINAL hides the row'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(start_tstamp)
ORDER BY (app_id, toDate(start_tstamp), visitor_id, start_tstamp, session_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'One row per session of a visitor. Read it through sessions_v';

CREATE TABLE IF NOT EXISTS {database}.outcomes
(
    raw_topic LowCardinality(String) COMMENT 'Raw topic the record lies in, with its incarnation: name@n',
    raw_partition UInt32 COMMENT 'Partition of the raw topic',
    raw_offset UInt64 COMMENT 'Offset in the raw partition',
    raw_index UInt32 COMMENT 'Place within its raw record, from 0',
    app_id LowCardinality(String) COMMENT 'App the event belongs to, as far as known',
    arrival_tstamp DateTime64(3, 'UTC') COMMENT 'When it arrived in the log (milliseconds, UTC)',
    outcome LowCardinality(String) COMMENT 'What became of it: accepted, late, duplicate, dead, dropped, empty',
    reason LowCardinality(String) COMMENT 'Why, from a closed list; empty where accepted',
    events UInt32 COMMENT 'How many events its raw record held',
    size UInt32 COMMENT 'Size of its raw record (bytes)',
    version UInt64 COMMENT 'Which copy wins under FINAL: generation << 48 | offset << 4 | n'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(arrival_tstamp)
ORDER BY (raw_topic, raw_partition, raw_offset, raw_index)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'One row per raw event: what became of it. No content. Summed in ledger';

CREATE TABLE IF NOT EXISTS {database}.progress
(
    generation UInt32 COMMENT 'Generation of the enriched topic',
    partition UInt32 COMMENT 'Partition of the enriched topic',
    applied Int64 COMMENT 'Last enriched offset folded into sessions',
    watermark Int64 COMMENT 'Everything that arrived up to this time was folded (milliseconds since 1970, UTC); 9223372036854775807 when all input has ended, -1 before any'
)
ENGINE = ReplacingMergeTree(applied)
ORDER BY (generation, partition)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'How far the sessions workers have come; written after a batch''s other rows. Read it with FINAL';

CREATE TABLE IF NOT EXISTS {database}.generations
(
    kind LowCardinality(String) COMMENT 'enriched: a generation of the enriched topic; raw: an incarnation of a raw topic',
    name String COMMENT 'Name of the topic',
    generation UInt32 COMMENT 'Number from 1: over all enriched topics together; per name for a raw topic',
    partitions UInt32 COMMENT 'How many partitions the topic has',
    owner UUID COMMENT 'Who took the number (an embedded run); zero UUID for a topic of production workers',
    created_tstamp DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written (milliseconds, UTC)'
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, generation, name, owner)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Generations of enriched topics and incarnations of raw topics. Rows are only added';

CREATE TABLE IF NOT EXISTS {database}.rules
(
    hash String COMMENT 'Hash of the rules; column rules_version of events',
    text String COMMENT 'The rules as they stood in their file'
)
ENGINE = ReplacingMergeTree
ORDER BY hash
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Every anonymization rules text that was in force';
