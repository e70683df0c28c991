-- Lifecycles: registrations that must be the only ones of their name, the chain of security events, the feed of changes.

ALTER TABLE "agents" ADD COLUMN "unique_key" TEXT;
CREATE UNIQUE INDEX "agents_unique_key" ON "agents"("unique_key");

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
    "hash" TEXT NOT NULL
);
CREATE INDEX "idx_security_event_entries_event_id" ON "security_event_entries"("event_id", "sequence");

CREATE TABLE "security_event_checkpoints" (
    "sequence" INTEGER NOT NULL PRIMARY KEY,
    "hash" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "created_at" DATETIME NOT NULL
);

CREATE TABLE "changes" (
    "sequence" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "entity" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "changed_at" DATETIME NOT NULL
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
