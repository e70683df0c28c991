-- Lifecycles: registrations that must be the only ones of their name, the chain of security events, the feed of changes.

CREATE TYPE "SecurityEventEntryKind" AS ENUM ('MITIGATED', 'PRUNED', 'RECORDED');
CREATE TYPE "ChangeKind" AS ENUM ('CREATED', 'DELETED', 'UPDATED');
CREATE TYPE "ChangeEntity" AS ENUM ('AGENT', 'CERTIFICATE');

ALTER TABLE "agents" ADD COLUMN "unique_key" TEXT COLLATE "C";
CREATE UNIQUE INDEX "agents_unique_key" ON "agents"("unique_key");

-- With room on each page, so that an update of a row stays on it.
CREATE TABLE "name_locks" (
    "bucket" INTEGER NOT NULL,

    CONSTRAINT "name_locks_pkey" PRIMARY KEY ("bucket")
) WITH (fillfactor = 50);

CREATE INDEX "idx_certificates_created_at" ON "certificates"("created_at" DESC, "id");

CREATE TABLE "security_event_entries" (
    "sequence" BIGINT NOT NULL,
    "event_id" TEXT COLLATE "C" NOT NULL,
    "kind" "SecurityEventEntryKind" NOT NULL,
    "mitigation_applied" BOOLEAN,
    "mitigation_details" TEXT COLLATE "C",
    "entered_at" TIMESTAMPTZ(3) NOT NULL,
    "digest" TEXT COLLATE "C" NOT NULL,
    "hash" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "security_event_entries_pkey" PRIMARY KEY ("sequence"),
    CONSTRAINT "security_event_entries_entered_at_check" CHECK ("entered_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);
CREATE INDEX "idx_security_event_entries_event_id" ON "security_event_entries"("event_id", "sequence");

CREATE TABLE "security_event_checkpoints" (
    "sequence" BIGINT NOT NULL,
    "hash" TEXT COLLATE "C" NOT NULL,
    "count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "security_event_checkpoints_pkey" PRIMARY KEY ("sequence"),
    CONSTRAINT "security_event_checkpoints_count_check" CHECK ("count" >= 0),
    CONSTRAINT "security_event_checkpoints_created_at_check" CHECK ("created_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

CREATE TABLE "changes" (
    "sequence" BIGSERIAL NOT NULL,
    "entity" "ChangeEntity" NOT NULL,
    "entity_id" TEXT COLLATE "C" NOT NULL,
    "kind" "ChangeKind" NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "changes_pkey" PRIMARY KEY ("sequence"),
    CONSTRAINT "changes_changed_at_check" CHECK ("changed_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);
CREATE INDEX "idx_changes_changed_at" ON "changes"("changed_at");

-- The number of the last change that was pruned: positions below it cannot be followed any more.
CREATE TABLE "change_prunings" (
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "change_prunings_pkey" PRIMARY KEY ("sequence")
);

-- Events that were recorded before there was a chain come first in it. The package fills in the digests and hashes, in the
-- one form that both engines have, when it opens the database.
INSERT INTO "security_event_entries" ("sequence", "event_id", "kind", "entered_at", "digest", "hash")
SELECT row_number() OVER (ORDER BY "timestamp", "id"), "id", 'RECORDED', "timestamp", '', '' FROM "security_events";
