-- Leads from the initial schema to the schema of this package, and keeps every reachable row. Prisma Migrate does not detect a
-- missing CHECK constraint, trigger or virtual table, and drops CHECK constraints and triggers without notice when it
-- redefines a table: a test lists all of them.

-- The columns of the initial schema accept values of any type. The migration converts ISO 8601 times with a time zone,
-- fractions of milliseconds, and the texts true and false. Any other value that violates a CHECK constraint fails the
-- migration. SQL cannot compute folded texts, version keys and hashes: the package fills them in when it opens the database.

PRAGMA foreign_keys=OFF;

-- Certificates: a normalised fingerprint, revocation and succession.
CREATE TABLE "new_certificates" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "subject" TEXT NOT NULL,
    "subject_folded" TEXT NOT NULL DEFAULT '',
    "issuer" TEXT NOT NULL,
    "issuer_folded" TEXT NOT NULL DEFAULT '',
    "not_before" DATETIME NOT NULL,
    "not_after" DATETIME NOT NULL,
    "public_key" TEXT NOT NULL,
    "certificate" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "fingerprint_key" TEXT NOT NULL,
    "serial_number" TEXT,
    "status" TEXT NOT NULL,
    "created_at" DATETIME NOT NULL,
    "revoked_at" DATETIME,
    "revocation_reason" TEXT,
    "replaced_by" TEXT,
    CONSTRAINT "certificates_replaced_by_fkey" FOREIGN KEY ("replaced_by") REFERENCES "certificates" ("id") ON DELETE SET NULL ON UPDATE CASCADE,

    CONSTRAINT "certificates_id_check" CHECK (typeof("id") = 'text'),
    CONSTRAINT "certificates_subject_check" CHECK (typeof("subject") = 'text'),
    CONSTRAINT "certificates_subject_folded_check" CHECK (typeof("subject_folded") = 'text'),
    CONSTRAINT "certificates_issuer_check" CHECK (typeof("issuer") = 'text'),
    CONSTRAINT "certificates_issuer_folded_check" CHECK (typeof("issuer_folded") = 'text'),
    CONSTRAINT "certificates_not_before_check" CHECK (typeof("not_before") = 'integer' AND "not_before" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "certificates_not_after_check" CHECK (typeof("not_after") = 'integer' AND "not_after" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "certificates_public_key_check" CHECK (typeof("public_key") = 'text'),
    CONSTRAINT "certificates_certificate_check" CHECK (typeof("certificate") = 'text'),
    CONSTRAINT "certificates_fingerprint_check" CHECK (typeof("fingerprint") = 'text'),
    CONSTRAINT "certificates_fingerprint_key_check" CHECK (typeof("fingerprint_key") = 'text'),
    CONSTRAINT "certificates_serial_number_check" CHECK (typeof("serial_number") IN ('text', 'null')),
    CONSTRAINT "certificates_status_check" CHECK ("status" IN ('EXPIRED', 'REVOKED', 'SUSPENDED', 'VALID')),
    CONSTRAINT "certificates_created_at_check" CHECK (typeof("created_at") = 'integer' AND "created_at" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "certificates_revoked_at_check" CHECK ("revoked_at" IS NULL OR (typeof("revoked_at") = 'integer' AND "revoked_at" BETWEEN -62135596800000 AND 253402300799999)),
    CONSTRAINT "certificates_revocation_reason_check" CHECK ("revocation_reason" IN ('unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold', 'removeFromCRL', 'privilegeWithdrawn', 'aACompromise')),
    CONSTRAINT "certificates_replaced_by_check" CHECK (typeof("replaced_by") IN ('text', 'null'))
);
UPDATE "certificates" SET "not_before" = CAST("not_before" AS INTEGER) WHERE typeof("not_before") = 'real';
UPDATE "certificates" SET "not_before" = coalesce(CAST(strftime('%s', "not_before") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "not_before"), 4) AS INTEGER), "not_before")
WHERE typeof("not_before") = 'text' AND "not_before" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("not_before" GLOB '*Z' OR "not_before" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
UPDATE "certificates" SET "not_after" = CAST("not_after" AS INTEGER) WHERE typeof("not_after") = 'real';
UPDATE "certificates" SET "not_after" = coalesce(CAST(strftime('%s', "not_after") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "not_after"), 4) AS INTEGER), "not_after")
WHERE typeof("not_after") = 'text' AND "not_after" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("not_after" GLOB '*Z' OR "not_after" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
UPDATE "certificates" SET "created_at" = CAST("created_at" AS INTEGER) WHERE typeof("created_at") = 'real';
UPDATE "certificates" SET "created_at" = coalesce(CAST(strftime('%s', "created_at") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "created_at"), 4) AS INTEGER), "created_at")
WHERE typeof("created_at") = 'text' AND "created_at" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("created_at" GLOB '*Z' OR "created_at" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
INSERT INTO "new_certificates" ("id", "subject", "issuer", "not_before", "not_after", "public_key", "certificate", "fingerprint", "fingerprint_key", "status", "created_at")
SELECT "id", "subject", "issuer", "not_before", "not_after", "public_key", "certificate", "fingerprint", lower(replace("fingerprint", ':', '')), "status", "created_at"
FROM "certificates" WHERE "id" IS NOT NULL;
DROP TABLE "certificates";
ALTER TABLE "new_certificates" RENAME TO "certificates";

-- Agents: a default endpoint that is not one of the agent's endpoints was never reachable, and is cleared.
CREATE TABLE "new_agents" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "name_folded" TEXT NOT NULL DEFAULT '',
    "public_key" TEXT NOT NULL,
    "certificate_id" TEXT NOT NULL,
    "default_endpoint_id" TEXT,
    "version" TEXT NOT NULL,
    "version_key" TEXT DEFAULT '',
    "description" TEXT,
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL,
    "expires_at" DATETIME NOT NULL,
    "status" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "unique_key" TEXT,
    "deprecated_at" DATETIME,
    "deprecation_reason" TEXT,
    "successor_id" TEXT,
    CONSTRAINT "agents_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates" ("id") ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT "agents_successor_id_fkey" FOREIGN KEY ("successor_id") REFERENCES "agents" ("id") ON DELETE SET NULL ON UPDATE CASCADE,

    CONSTRAINT "agents_id_check" CHECK (typeof("id") = 'text'),
    CONSTRAINT "agents_name_check" CHECK (typeof("name") = 'text'),
    CONSTRAINT "agents_name_folded_check" CHECK (typeof("name_folded") = 'text'),
    CONSTRAINT "agents_public_key_check" CHECK (typeof("public_key") = 'text'),
    CONSTRAINT "agents_certificate_id_check" CHECK (typeof("certificate_id") = 'text'),
    CONSTRAINT "agents_default_endpoint_id_check" CHECK (typeof("default_endpoint_id") IN ('text', 'null')),
    CONSTRAINT "agents_version_check" CHECK (typeof("version") = 'text'),
    CONSTRAINT "agents_version_key_check" CHECK (typeof("version_key") IN ('text', 'null')),
    CONSTRAINT "agents_description_check" CHECK (typeof("description") IN ('text', 'null')),
    CONSTRAINT "agents_created_at_check" CHECK (typeof("created_at") = 'integer' AND "created_at" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "agents_updated_at_check" CHECK (typeof("updated_at") = 'integer' AND "updated_at" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "agents_expires_at_check" CHECK (typeof("expires_at") = 'integer' AND "expires_at" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "agents_status_check" CHECK ("status" IN ('ACTIVE', 'DEPRECATED', 'EXPIRED', 'REVOKED', 'SUSPENDED')),
    CONSTRAINT "agents_owner_check" CHECK (typeof("owner") = 'text'),
    CONSTRAINT "agents_unique_key_check" CHECK (typeof("unique_key") IN ('text', 'null')),
    CONSTRAINT "agents_deprecated_at_check" CHECK ("deprecated_at" IS NULL OR (typeof("deprecated_at") = 'integer' AND "deprecated_at" BETWEEN -62135596800000 AND 253402300799999)),
    CONSTRAINT "agents_deprecation_reason_check" CHECK (typeof("deprecation_reason") IN ('text', 'null')),
    CONSTRAINT "agents_successor_id_check" CHECK (typeof("successor_id") IN ('text', 'null'))
);
UPDATE "agents" SET "created_at" = CAST("created_at" AS INTEGER) WHERE typeof("created_at") = 'real';
UPDATE "agents" SET "created_at" = coalesce(CAST(strftime('%s', "created_at") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "created_at"), 4) AS INTEGER), "created_at")
WHERE typeof("created_at") = 'text' AND "created_at" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("created_at" GLOB '*Z' OR "created_at" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
UPDATE "agents" SET "updated_at" = CAST("updated_at" AS INTEGER) WHERE typeof("updated_at") = 'real';
UPDATE "agents" SET "updated_at" = coalesce(CAST(strftime('%s', "updated_at") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "updated_at"), 4) AS INTEGER), "updated_at")
WHERE typeof("updated_at") = 'text' AND "updated_at" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("updated_at" GLOB '*Z' OR "updated_at" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
UPDATE "agents" SET "expires_at" = CAST("expires_at" AS INTEGER) WHERE typeof("expires_at") = 'real';
UPDATE "agents" SET "expires_at" = coalesce(CAST(strftime('%s', "expires_at") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "expires_at"), 4) AS INTEGER), "expires_at")
WHERE typeof("expires_at") = 'text' AND "expires_at" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("expires_at" GLOB '*Z' OR "expires_at" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
INSERT INTO "new_agents" ("id", "name", "public_key", "certificate_id", "default_endpoint_id", "version", "description", "created_at", "updated_at", "expires_at", "status", "owner")
SELECT "id", "name", "public_key", "certificate_id",
    (SELECT e."id" FROM "endpoints" e WHERE e."id" = "agents"."default_endpoint_id" AND e."agent_id" = "agents"."id"),
    "version", "description", "created_at", "updated_at", "expires_at", "status", "owner"
FROM "agents" WHERE "id" IS NOT NULL;
DROP TABLE "agents";
ALTER TABLE "new_agents" RENAME TO "agents";

-- Endpoints, capabilities and metadata. Nothing enforced the foreign keys of the initial schema, so rows of deleted agents may
-- exist. They are not copied: a later agent with the same id must not inherit them. Tables WITHOUT ROWID store each row once,
-- in the order of the key; with rowids, the primary key would be a second B-tree that every write changes.
CREATE TABLE "new_endpoints" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "protocol" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "health_status" TEXT NOT NULL,
    "last_checked" DATETIME NOT NULL,
    "health_message" TEXT,
    "metadata" TEXT,

    PRIMARY KEY ("agent_id", "id"),
    CONSTRAINT "endpoints_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents" ("id") ON DELETE CASCADE ON UPDATE CASCADE,

    CONSTRAINT "endpoints_id_check" CHECK (typeof("id") = 'text'),
    CONSTRAINT "endpoints_agent_id_check" CHECK (typeof("agent_id") = 'text'),
    CONSTRAINT "endpoints_position_check" CHECK (typeof("position") = 'integer' AND "position" >= 0),
    CONSTRAINT "endpoints_protocol_check" CHECK (typeof("protocol") = 'text'),
    CONSTRAINT "endpoints_address_check" CHECK (typeof("address") = 'text'),
    CONSTRAINT "endpoints_port_check" CHECK (typeof("port") = 'integer' AND "port" BETWEEN 1 AND 65535),
    CONSTRAINT "endpoints_health_status_check" CHECK ("health_status" IN ('DEGRADED', 'HEALTHY', 'UNHEALTHY', 'UNKNOWN')),
    CONSTRAINT "endpoints_last_checked_check" CHECK (typeof("last_checked") = 'integer' AND "last_checked" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "endpoints_health_message_check" CHECK (typeof("health_message") IN ('text', 'null')),
    CONSTRAINT "endpoints_metadata_check" CHECK (typeof("metadata") IN ('text', 'null'))
) WITHOUT ROWID;
UPDATE "endpoints" SET "last_checked" = CAST("last_checked" AS INTEGER) WHERE typeof("last_checked") = 'real';
UPDATE "endpoints" SET "last_checked" = coalesce(CAST(strftime('%s', "last_checked") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "last_checked"), 4) AS INTEGER), "last_checked")
WHERE typeof("last_checked") = 'text' AND "last_checked" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("last_checked" GLOB '*Z' OR "last_checked" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
INSERT INTO "new_endpoints" ("id", "agent_id", "position", "protocol", "address", "port", "health_status", "last_checked", "health_message")
SELECT "id", "agent_id", row_number() OVER (PARTITION BY "agent_id" ORDER BY rowid) - 1, "protocol", "address", "port", "health_status", "last_checked", "health_message"
FROM "endpoints" WHERE "id" IS NOT NULL AND "agent_id" IN (SELECT "id" FROM "agents");
DROP TABLE "endpoints";
ALTER TABLE "new_endpoints" RENAME TO "endpoints";

CREATE TABLE "new_capabilities" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,

    CONSTRAINT "capabilities_id_check" CHECK (typeof("id") = 'text'),
    CONSTRAINT "capabilities_name_check" CHECK (typeof("name") = 'text')
);
INSERT INTO "new_capabilities" ("id", "name") SELECT "id", "name" FROM "capabilities"
WHERE "id" IN (SELECT "capability_id" FROM "agent_capabilities" WHERE "agent_id" IN (SELECT "id" FROM "agents"));
DROP TABLE "capabilities";
ALTER TABLE "new_capabilities" RENAME TO "capabilities";

CREATE TABLE "new_agent_capabilities" (
    "agent_id" TEXT NOT NULL,
    "capability_id" TEXT NOT NULL,

    PRIMARY KEY ("agent_id", "capability_id"),
    CONSTRAINT "agent_capabilities_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "agent_capabilities_capability_id_fkey" FOREIGN KEY ("capability_id") REFERENCES "capabilities" ("id") ON DELETE CASCADE ON UPDATE CASCADE,

    CONSTRAINT "agent_capabilities_agent_id_check" CHECK (typeof("agent_id") = 'text'),
    CONSTRAINT "agent_capabilities_capability_id_check" CHECK (typeof("capability_id") = 'text')
) WITHOUT ROWID;
INSERT INTO "new_agent_capabilities" ("agent_id", "capability_id")
SELECT "agent_id", "capability_id" FROM "agent_capabilities"
WHERE "agent_id" IN (SELECT "id" FROM "agents") AND "capability_id" IN (SELECT "id" FROM "capabilities");
DROP TABLE "agent_capabilities";
ALTER TABLE "new_agent_capabilities" RENAME TO "agent_capabilities";

-- Metadata: the values were texts, and become JSON strings.
CREATE TABLE "new_agent_metadata" (
    "agent_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("agent_id", "key"),
    CONSTRAINT "agent_metadata_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents" ("id") ON DELETE CASCADE ON UPDATE CASCADE,

    CONSTRAINT "agent_metadata_agent_id_check" CHECK (typeof("agent_id") = 'text'),
    CONSTRAINT "agent_metadata_key_check" CHECK (typeof("key") = 'text'),
    CONSTRAINT "agent_metadata_value_check" CHECK (typeof("value") = 'text')
) WITHOUT ROWID;
INSERT INTO "new_agent_metadata" ("agent_id", "key", "value")
SELECT "agent_id", "key", json_quote(CAST("value" AS TEXT)) FROM "agent_metadata" WHERE "agent_id" IN (SELECT "id" FROM "agents");
DROP TABLE "agent_metadata";
ALTER TABLE "new_agent_metadata" RENAME TO "agent_metadata";

CREATE TABLE "new_certificate_metadata" (
    "certificate_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("certificate_id", "key"),
    CONSTRAINT "certificate_metadata_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates" ("id") ON DELETE CASCADE ON UPDATE CASCADE,

    CONSTRAINT "certificate_metadata_certificate_id_check" CHECK (typeof("certificate_id") = 'text'),
    CONSTRAINT "certificate_metadata_key_check" CHECK (typeof("key") = 'text'),
    CONSTRAINT "certificate_metadata_value_check" CHECK (typeof("value") = 'text')
) WITHOUT ROWID;
INSERT INTO "new_certificate_metadata" ("certificate_id", "key", "value")
SELECT "certificate_id", "key", json_quote(CAST("value" AS TEXT)) FROM "certificate_metadata" WHERE "certificate_id" IN (SELECT "id" FROM "certificates");
DROP TABLE "certificate_metadata";
ALTER TABLE "new_certificate_metadata" RENAME TO "certificate_metadata";

-- Security events.
CREATE TABLE "new_security_events" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "timestamp" DATETIME NOT NULL,
    "event_type" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "mitigation_applied" BOOLEAN NOT NULL,
    "mitigation_details" TEXT,

    CONSTRAINT "security_events_id_check" CHECK (typeof("id") = 'text'),
    CONSTRAINT "security_events_timestamp_check" CHECK (typeof("timestamp") = 'integer' AND "timestamp" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "security_events_event_type_check" CHECK (typeof("event_type") = 'text'),
    CONSTRAINT "security_events_severity_check" CHECK ("severity" IN ('CRITICAL', 'HIGH', 'INFO', 'LOW', 'MEDIUM')),
    CONSTRAINT "security_events_source_check" CHECK (typeof("source") = 'text'),
    CONSTRAINT "security_events_target_check" CHECK (typeof("target") = 'text'),
    CONSTRAINT "security_events_description_check" CHECK (typeof("description") = 'text'),
    CONSTRAINT "security_events_mitigation_applied_check" CHECK ("mitigation_applied" IN (0, 1)),
    CONSTRAINT "security_events_mitigation_details_check" CHECK (typeof("mitigation_details") IN ('text', 'null'))
);
UPDATE "security_events" SET "timestamp" = CAST("timestamp" AS INTEGER) WHERE typeof("timestamp") = 'real';
UPDATE "security_events" SET "timestamp" = coalesce(CAST(strftime('%s', "timestamp") AS INTEGER) * 1000 + CAST(substr(strftime('%f', "timestamp"), 4) AS INTEGER), "timestamp")
WHERE typeof("timestamp") = 'text' AND "timestamp" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'
    AND ("timestamp" GLOB '*Z' OR "timestamp" GLOB '*[-+][0-9][0-9]:[0-9][0-9]');
UPDATE "security_events" SET "mitigation_applied" = lower("mitigation_applied") = 'true'
WHERE lower("mitigation_applied") IN ('true', 'false');
INSERT INTO "new_security_events" ("id", "timestamp", "event_type", "severity", "source", "target", "description", "mitigation_applied", "mitigation_details")
SELECT "id", "timestamp", "event_type", "severity", "source", "target", "description", "mitigation_applied", "mitigation_details"
FROM "security_events" WHERE "id" IS NOT NULL;
DROP TABLE "security_events";
ALTER TABLE "new_security_events" RENAME TO "security_events";

CREATE TABLE "new_security_event_metadata" (
    "event_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("event_id", "key"),
    CONSTRAINT "security_event_metadata_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "security_events" ("id") ON DELETE CASCADE ON UPDATE CASCADE,

    CONSTRAINT "security_event_metadata_event_id_check" CHECK (typeof("event_id") = 'text'),
    CONSTRAINT "security_event_metadata_key_check" CHECK (typeof("key") = 'text'),
    CONSTRAINT "security_event_metadata_value_check" CHECK (typeof("value") = 'text')
) WITHOUT ROWID;
INSERT INTO "new_security_event_metadata" ("event_id", "key", "value")
SELECT "event_id", "key", json_quote(CAST("value" AS TEXT)) FROM "security_event_metadata" WHERE "event_id" IN (SELECT "id" FROM "security_events");
DROP TABLE "security_event_metadata";
ALTER TABLE "new_security_event_metadata" RENAME TO "security_event_metadata";

-- The tamper-evident chain of security events. Existing events come first in it, oldest first.
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
INSERT INTO "security_event_entries" ("sequence", "event_id", "kind", "entered_at", "digest", "hash")
SELECT row_number() OVER (ORDER BY "timestamp", "id"), "id", 'RECORDED', "timestamp", '', '' FROM "security_events";

-- Only PostgreSQL needs these rows: see the schema.
CREATE TABLE "security_event_pending_entries" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "event_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "mitigation_applied" BOOLEAN,
    "mitigation_details" TEXT,
    "entered_at" DATETIME NOT NULL,
    "digest" TEXT NOT NULL,

    CONSTRAINT "security_event_pending_entries_event_id_check" CHECK (typeof("event_id") = 'text'),
    CONSTRAINT "security_event_pending_entries_kind_check" CHECK ("kind" IN ('MITIGATED', 'PRUNED', 'RECORDED')),
    CONSTRAINT "security_event_pending_entries_mitigation_applied_check" CHECK ("mitigation_applied" IN (0, 1)),
    CONSTRAINT "security_event_pending_entries_mitigation_details_check" CHECK (typeof("mitigation_details") IN ('text', 'null')),
    CONSTRAINT "security_event_pending_entries_entered_at_check" CHECK (typeof("entered_at") = 'integer' AND "entered_at" BETWEEN -62135596800000 AND 253402300799999),
    CONSTRAINT "security_event_pending_entries_digest_check" CHECK (typeof("digest") = 'text')
);

CREATE TABLE "security_event_checkpoints" (
    "sequence" INTEGER NOT NULL PRIMARY KEY,
    "hash" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "created_at" DATETIME NOT NULL,

    CONSTRAINT "security_event_checkpoints_hash_check" CHECK (typeof("hash") = 'text'),
    CONSTRAINT "security_event_checkpoints_count_check" CHECK (typeof("count") = 'integer' AND "count" >= 0),
    CONSTRAINT "security_event_checkpoints_created_at_check" CHECK (typeof("created_at") = 'integer' AND "created_at" BETWEEN -62135596800000 AND 253402300799999)
);

-- The change feed. A row of change_prunings has the sequence number of the last pruned change.
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

CREATE TABLE "change_prunings" (
    "sequence" INTEGER NOT NULL PRIMARY KEY
);

-- Only PostgreSQL needs these rows: see the schema.
CREATE TABLE "name_locks" (
    "bucket" INTEGER NOT NULL PRIMARY KEY
);

-- The indexes of the initial schema were dropped with its tables. The schema says which query each new index serves.
CREATE INDEX "idx_agents_name" ON "agents"("name", "id");
CREATE INDEX "idx_agents_status" ON "agents"("status", "updated_at" DESC, "id");
CREATE INDEX "idx_agents_owner" ON "agents"("owner", "updated_at" DESC, "id");
CREATE INDEX "idx_agents_updated_at" ON "agents"("updated_at" DESC, "id");
CREATE INDEX "idx_agents_created_at" ON "agents"("created_at", "id");
CREATE INDEX "idx_agents_expires_at" ON "agents"("expires_at", "id");
CREATE INDEX "idx_agents_version_key" ON "agents"("version_key", "id");
CREATE INDEX "idx_agents_certificate_id" ON "agents"("certificate_id", "owner");
CREATE UNIQUE INDEX "agents_unique_key" ON "agents"("unique_key");
CREATE INDEX "idx_agents_status_id" ON "agents"("status", "id");
CREATE INDEX "idx_agents_owner_id" ON "agents"("owner", "id");
CREATE INDEX "idx_endpoints_health_status" ON "endpoints"("health_status", "protocol", "agent_id");
CREATE INDEX "idx_endpoints_address" ON "endpoints"("address", "agent_id");
CREATE UNIQUE INDEX "capabilities_name_key" ON "capabilities"("name");
CREATE INDEX "idx_agent_capabilities_capability_id" ON "agent_capabilities"("capability_id", "agent_id");
CREATE INDEX "idx_agent_metadata_key" ON "agent_metadata"("key", "value");
CREATE UNIQUE INDEX "certificates_fingerprint_key" ON "certificates"("fingerprint_key");
CREATE INDEX "idx_certificates_status" ON "certificates"("status", "not_after");
CREATE INDEX "idx_certificates_not_after" ON "certificates"("not_after", "id");
CREATE INDEX "idx_certificates_replaced_by" ON "certificates"("replaced_by");
CREATE INDEX "idx_certificates_created_at" ON "certificates"("created_at" DESC, "id");
CREATE INDEX "idx_certificates_subject_folded" ON "certificates"("subject_folded", "issuer_folded", "id");
CREATE INDEX "idx_certificates_subject" ON "certificates"("subject", "id");
CREATE INDEX "idx_certificates_not_before" ON "certificates"("not_before", "id");
CREATE INDEX "idx_certificate_metadata_key" ON "certificate_metadata"("key", "value");
CREATE INDEX "idx_security_events_timestamp" ON "security_events"("timestamp" DESC, "id");
CREATE INDEX "idx_security_events_event_type" ON "security_events"("event_type", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_severity" ON "security_events"("severity", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_source" ON "security_events"("source", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_target" ON "security_events"("target", "timestamp" DESC, "id");
CREATE INDEX "idx_security_event_metadata_key" ON "security_event_metadata"("key", "value");
CREATE INDEX "idx_security_event_entries_event_id" ON "security_event_entries"("event_id", "kind", "sequence");

-- Prisma's schema cannot express partial indexes, and Prisma Migrate does not report them as drift. The first one serves the
-- foreign key, and most agents have no successor. The second one has the agents that can be the latest version of their owner
-- and name, best version first: releases before prereleases, and versions that are not semantic last.
CREATE INDEX "idx_agents_successor_id" ON "agents"("successor_id") WHERE "successor_id" IS NOT NULL;
CREATE INDEX "idx_agents_latest" ON "agents"("owner", "name", (CASE WHEN "version_key" IS NULL THEN 2 WHEN "version_key" LIKE '%~' THEN 0 ELSE 1 END), "version_key" DESC, "updated_at" DESC, "id")
    WHERE "status" = 'ACTIVE';

-- The search by a part of an agent's name. This table has integer keys of its own, because VACUUM may change the rowids of
-- "agents".
CREATE TABLE "agent_names" (
    "key" INTEGER NOT NULL PRIMARY KEY,
    "agent_id" TEXT NOT NULL,
    "name_folded" TEXT NOT NULL,

    CONSTRAINT "agent_names_agent_id_check" CHECK (typeof("agent_id") = 'text'),
    CONSTRAINT "agent_names_name_folded_check" CHECK (typeof("name_folded") = 'text')
);
CREATE UNIQUE INDEX "agent_names_agent_id" ON "agent_names"("agent_id");

-- Maps each sequence of three code points to the names that contain it. It stores neither positions nor counts: a search
-- compares the name itself.
CREATE VIRTUAL TABLE "agent_names_search" USING fts5(
    "name_folded",
    content = 'agent_names',
    content_rowid = 'key',
    tokenize = 'trigram case_sensitive 1',
    detail = none,
    columnsize = 0
);

INSERT INTO "agent_names" ("agent_id", "name_folded") SELECT "id", "name_folded" FROM "agents" ORDER BY "rowid";
INSERT INTO "agent_names_search" ("agent_names_search") VALUES ('rebuild');

-- A migration that redefines the table "agents" has to create these triggers again.
CREATE TRIGGER "agent_names_insert" AFTER INSERT ON "agents" BEGIN
    INSERT INTO "agent_names" ("agent_id", "name_folded") VALUES (new."id", new."name_folded");
    INSERT INTO "agent_names_search" ("rowid", "name_folded") VALUES (last_insert_rowid(), new."name_folded");
END;
CREATE TRIGGER "agent_names_update" AFTER UPDATE OF "id", "name_folded" ON "agents"
WHEN old."id" <> new."id" OR old."name_folded" <> new."name_folded" BEGIN
    INSERT INTO "agent_names_search" ("agent_names_search", "rowid", "name_folded")
    SELECT 'delete', "key", "name_folded" FROM "agent_names" WHERE "agent_id" = old."id";
    UPDATE "agent_names" SET "agent_id" = new."id", "name_folded" = new."name_folded" WHERE "agent_id" = old."id";
    INSERT INTO "agent_names_search" ("rowid", "name_folded")
    SELECT "key", "name_folded" FROM "agent_names" WHERE "agent_id" = new."id";
END;
CREATE TRIGGER "agent_names_delete" AFTER DELETE ON "agents" BEGIN
    INSERT INTO "agent_names_search" ("agent_names_search", "rowid", "name_folded")
    SELECT 'delete', "key", "name_folded" FROM "agent_names" WHERE "agent_id" = old."id";
    DELETE FROM "agent_names" WHERE "agent_id" = old."id";
END;

PRAGMA foreign_keys=ON;
