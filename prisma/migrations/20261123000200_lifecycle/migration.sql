-- Lifecycles: registrations that must be the only ones of their name, the chain of security events, the feed of changes.

ALTER TABLE "agents" ADD COLUMN "unique_key" TEXT
    CONSTRAINT "agents_unique_key_check" CHECK (typeof("unique_key") IN ('text', 'null'));
CREATE UNIQUE INDEX "agents_unique_key" ON "agents"("unique_key");

-- Only registrations on PostgreSQL need it: see the schema.
CREATE TABLE "name_locks" (
    "bucket" INTEGER NOT NULL PRIMARY KEY
);

CREATE INDEX "idx_certificates_created_at" ON "certificates"("created_at" DESC, "id");
DROP INDEX "idx_certificates_subject_folded";
CREATE INDEX "idx_certificates_subject_folded" ON "certificates"("subject_folded", "id");
DROP INDEX "idx_certificates_issuer_folded";
CREATE INDEX "idx_certificates_issuer_folded" ON "certificates"("issuer_folded", "id");

CREATE TABLE "security_event_entries" (
    "sequence" INTEGER NOT NULL PRIMARY KEY,
    "event_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "mitigation_applied" BOOLEAN,
    "mitigation_details" TEXT,
    "entered_at" DATETIME NOT NULL,
    "digest" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "security_event_entries_event_id_check" CHECK (typeof("event_id") = 'text'),
    CONSTRAINT "security_event_entries_kind_check" CHECK ("kind" IN ('MITIGATED', 'PRUNED', 'RECORDED')),
    CONSTRAINT "security_event_entries_mitigation_applied_check" CHECK ("mitigation_applied" IN (0, 1)),
    CONSTRAINT "security_event_entries_mitigation_details_check" CHECK (typeof("mitigation_details") IN ('text', 'null')),
    CONSTRAINT "security_event_entries_entered_at_check" CHECK (typeof("entered_at") = 'integer' AND "entered_at" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "security_event_entries_digest_check" CHECK (typeof("digest") = 'text'),
    CONSTRAINT "security_event_entries_hash_check" CHECK (typeof("hash") = 'text')
);
CREATE INDEX "idx_security_event_entries_event_id" ON "security_event_entries"("event_id", "sequence");

CREATE TABLE "security_event_checkpoints" (
    "sequence" INTEGER NOT NULL PRIMARY KEY,
    "hash" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "created_at" DATETIME NOT NULL,

    CONSTRAINT "security_event_checkpoints_hash_check" CHECK (typeof("hash") = 'text'),
    CONSTRAINT "security_event_checkpoints_count_check" CHECK (typeof("count") = 'integer' AND "count" >= 0),
    CONSTRAINT "security_event_checkpoints_created_at_check" CHECK (typeof("created_at") = 'integer' AND "created_at" BETWEEN -62135596800000 AND 253402300799999)
);

CREATE TABLE "changes" (
    "sequence" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "entity" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "changed_at" DATETIME NOT NULL,

    CONSTRAINT "changes_entity_check" CHECK ("entity" IN ('AGENT', 'CERTIFICATE')),
    CONSTRAINT "changes_entity_id_check" CHECK (typeof("entity_id") = 'text'),
    CONSTRAINT "changes_kind_check" CHECK ("kind" IN ('CREATED', 'DELETED', 'UPDATED')),
    CONSTRAINT "changes_changed_at_check" CHECK (typeof("changed_at") = 'integer' AND "changed_at" BETWEEN -62135596800000 AND 253402300799999)
);
CREATE INDEX "idx_changes_changed_at" ON "changes"("changed_at");

-- The number of the last change that was pruned: positions below it cannot be followed any more.
CREATE TABLE "change_prunings" (
    "sequence" INTEGER NOT NULL PRIMARY KEY
);

-- Events that were recorded before there was a chain come first in it. SQL has no SHA-256: the package fills in the
-- digests and hashes when it opens the database.
INSERT INTO "security_event_entries" ("sequence", "event_id", "kind", "entered_at", "digest", "hash")
SELECT row_number() OVER (ORDER BY "timestamp", "id"), "id", 'RECORDED', "timestamp", '', '' FROM "security_events";
