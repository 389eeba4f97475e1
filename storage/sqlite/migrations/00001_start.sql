-- +goose Up
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE counter (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('change', 0);

CREATE TABLE department (
  id       TEXT PRIMARY KEY,
  name     TEXT NOT NULL,
  home     TEXT NOT NULL,
  topics   TEXT NOT NULL,     -- JSON array of topic ids
  position BIGINT NOT NULL,   -- in the catalogue
  active   BIGINT NOT NULL    -- 0: no longer in the catalogue
);

CREATE TABLE source (
  id            INTEGER PRIMARY KEY,
  department    TEXT NOT NULL REFERENCES department (id),
  kind          TEXT NOT NULL,
  url           TEXT NOT NULL,
  spec          TEXT NOT NULL,            -- JSON of the catalogue's other keys
  active        BIGINT NOT NULL,
  etag          TEXT NOT NULL DEFAULT '',
  last_modified TEXT NOT NULL DEFAULT '',
  failures      BIGINT NOT NULL DEFAULT 0,
  fault         TEXT NOT NULL DEFAULT '', -- of the last poll, in words
  rhythm_us     BIGINT NOT NULL DEFAULT 0,
  fetched_us    BIGINT NOT NULL DEFAULT 0,
  next_us       BIGINT NOT NULL DEFAULT 0,
  lease_us      BIGINT NOT NULL DEFAULT 0,
  lease_gen     BIGINT NOT NULL DEFAULT 0,
  UNIQUE (department, url)
);
CREATE INDEX source_due ON source (next_us) WHERE active = 1;

CREATE TABLE story (
  id           INTEGER PRIMARY KEY,
  lead         TEXT NOT NULL,             -- article
  published_us BIGINT NOT NULL,           -- of the lead
  founded_us   BIGINT NOT NULL,
  change_id    BIGINT NOT NULL,
  changed_us   BIGINT NOT NULL
);
CREATE INDEX story_newest ON story (published_us, lead);

CREATE TABLE article (
  id            TEXT PRIMARY KEY,
  story         BIGINT NOT NULL REFERENCES story (id),
  department    TEXT NOT NULL,
  source        BIGINT NOT NULL,
  guid          TEXT NOT NULL,
  link          TEXT NOT NULL,
  link_key      TEXT NOT NULL,            -- empty if the link is not the article's own
  title         TEXT NOT NULL,
  author        TEXT NOT NULL,
  section       TEXT NOT NULL,
  language      TEXT NOT NULL,
  summary       TEXT NOT NULL,
  content       TEXT NOT NULL,
  published_us  BIGINT NOT NULL,
  updated_us    BIGINT NOT NULL,
  first_seen_us BIGINT NOT NULL,
  revision      BIGINT NOT NULL,
  digest        TEXT NOT NULL,
  extra         TEXT NOT NULL             -- JSON: image, enclosures, categories, numbers, topics
);
CREATE INDEX article_link ON article (department, link_key);
CREATE INDEX article_guid ON article (source, guid);
CREATE INDEX article_story ON article (story);

-- What a source's list or feed said of an article when its own page was read.
CREATE TABLE sighting (
  source   BIGINT NOT NULL,
  link_key TEXT NOT NULL,
  listed   TEXT NOT NULL,                 -- digest
  next_us  BIGINT NOT NULL,               -- when the page is read again; 0: never
  PRIMARY KEY (source, link_key)
) WITHOUT ROWID;
CREATE INDEX sighting_again ON sighting (source, next_us) WHERE next_us > 0;

-- Bands of the fingerprint: articles that share one may tell one story.
CREATE TABLE band (
  key          BIGINT NOT NULL,
  published_us BIGINT NOT NULL,
  article      TEXT NOT NULL,
  PRIMARY KEY (key, published_us, article)
) WITHOUT ROWID;
CREATE INDEX band_article ON band (article);

CREATE TABLE story_topic (
  topic        TEXT NOT NULL,
  published_us BIGINT NOT NULL,
  lead         TEXT NOT NULL,
  story        BIGINT NOT NULL REFERENCES story (id),
  PRIMARY KEY (topic, published_us, lead)
) WITHOUT ROWID;
CREATE INDEX story_topic_story ON story_topic (story);

CREATE TABLE story_department (
  department   TEXT NOT NULL,
  published_us BIGINT NOT NULL,
  lead         TEXT NOT NULL,
  story        BIGINT NOT NULL REFERENCES story (id),
  PRIMARY KEY (department, published_us, lead)
) WITHOUT ROWID;
CREATE INDEX story_department_story ON story_department (story);

CREATE TABLE change (
  id          BIGINT PRIMARY KEY,
  story       BIGINT NOT NULL REFERENCES story (id),
  kind        TEXT NOT NULL,
  at_us       BIGINT NOT NULL,
  topics      TEXT NOT NULL,              -- JSON array
  departments TEXT NOT NULL               -- JSON array
);

-- The last change of each feed: of a topic, of a department, of all.
CREATE TABLE scope (
  name       TEXT PRIMARY KEY,            -- "/topics/y-te", "/departments/syt", "/all"
  change_id  BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);

-- WebSub subscribers. What a subscriber asked for waits in pending until its
-- callback has confirmed it.
CREATE TABLE subscription (
  id             INTEGER PRIMARY KEY,
  callback       TEXT NOT NULL,
  feed           TEXT NOT NULL,           -- path: "/topics/y-te.rss"
  scope          TEXT NOT NULL,
  secret         TEXT NOT NULL,
  expires_us     BIGINT NOT NULL,         -- 0: not confirmed yet
  delivered      BIGINT NOT NULL,         -- change
  pending        TEXT NOT NULL,           -- subscribe, unsubscribe or empty
  pending_secret TEXT NOT NULL,
  pending_lease  BIGINT NOT NULL,         -- seconds
  failures       BIGINT NOT NULL,
  next_us        BIGINT NOT NULL,
  lease_us       BIGINT NOT NULL,
  lease_gen      BIGINT NOT NULL,
  UNIQUE (callback, feed)
);
CREATE INDEX subscription_scope ON subscription (scope);
