-- From the seed's schema to the public contract's, keeping every reachable row of a database made by the seed:
-- certificates are told apart by a normalised fingerprint, endpoints are named within their agent and keep their order,
-- metadata values are JSON, names are searchable in any case. What only code can compute (folded names, version keys) is
-- left empty here and filled in when the package opens the database.

PRAGMA foreign_keys=OFF;

-- Certificates: normalised fingerprint, revocation, succession.
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
    "status" TEXT NOT NULL,
    "created_at" DATETIME NOT NULL,
    "revoked_at" DATETIME,
    "revocation_reason" TEXT,
    "replaced_by" TEXT,
    CONSTRAINT "certificates_replaced_by_fkey" FOREIGN KEY ("replaced_by") REFERENCES "certificates" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
INSERT INTO "new_certificates" ("id", "subject", "issuer", "not_before", "not_after", "public_key", "certificate", "fingerprint", "fingerprint_key", "status", "created_at")
SELECT "id", "subject", "issuer", "not_before", "not_after", "public_key", "certificate", "fingerprint", lower(replace("fingerprint", ':', '')), "status", "created_at"
FROM "certificates" WHERE "id" IS NOT NULL;
DROP TABLE "certificates";
ALTER TABLE "new_certificates" RENAME TO "certificates";

-- Agents: folded name and version key; a default endpoint that is none of the agent's endpoints was never reachable.
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
    CONSTRAINT "agents_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates" ("id") ON DELETE RESTRICT ON UPDATE RESTRICT
);
INSERT INTO "new_agents" ("id", "name", "public_key", "certificate_id", "default_endpoint_id", "version", "description", "created_at", "updated_at", "expires_at", "status", "owner")
SELECT "id", "name", "public_key", "certificate_id",
    (SELECT e."id" FROM "endpoints" e WHERE e."id" = "agents"."default_endpoint_id" AND e."agent_id" = "agents"."id"),
    "version", "description", "created_at", "updated_at", "expires_at", "status", "owner"
FROM "agents" WHERE "id" IS NOT NULL;
DROP TABLE "agents";
ALTER TABLE "new_agents" RENAME TO "agents";

-- Children. The seed never switched foreign keys on, so rows of agents that are gone may be left: a later agent of the
-- same id must not inherit them.
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
    CONSTRAINT "endpoints_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "new_endpoints" ("id", "agent_id", "position", "protocol", "address", "port", "health_status", "last_checked", "health_message")
SELECT "id", "agent_id", row_number() OVER (PARTITION BY "agent_id" ORDER BY rowid) - 1, "protocol", "address", "port", "health_status", "last_checked", "health_message"
FROM "endpoints" WHERE "id" IS NOT NULL AND "agent_id" IN (SELECT "id" FROM "agents");
DROP TABLE "endpoints";
ALTER TABLE "new_endpoints" RENAME TO "endpoints";

CREATE TABLE "new_capabilities" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL
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
    CONSTRAINT "agent_capabilities_capability_id_fkey" FOREIGN KEY ("capability_id") REFERENCES "capabilities" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "new_agent_capabilities" ("agent_id", "capability_id")
SELECT "agent_id", "capability_id" FROM "agent_capabilities"
WHERE "agent_id" IN (SELECT "id" FROM "agents") AND "capability_id" IN (SELECT "id" FROM "capabilities");
DROP TABLE "agent_capabilities";
ALTER TABLE "new_agent_capabilities" RENAME TO "agent_capabilities";

-- Metadata: the seed kept texts, which are JSON strings from here on.
CREATE TABLE "new_agent_metadata" (
    "agent_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("agent_id", "key"),
    CONSTRAINT "agent_metadata_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "new_agent_metadata" ("agent_id", "key", "value")
SELECT "agent_id", "key", json_quote(CAST("value" AS TEXT)) FROM "agent_metadata" WHERE "agent_id" IN (SELECT "id" FROM "agents");
DROP TABLE "agent_metadata";
ALTER TABLE "new_agent_metadata" RENAME TO "agent_metadata";

CREATE TABLE "new_certificate_metadata" (
    "certificate_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("certificate_id", "key"),
    CONSTRAINT "certificate_metadata_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "new_certificate_metadata" ("certificate_id", "key", "value")
SELECT "certificate_id", "key", json_quote(CAST("value" AS TEXT)) FROM "certificate_metadata" WHERE "certificate_id" IN (SELECT "id" FROM "certificates");
DROP TABLE "certificate_metadata";
ALTER TABLE "new_certificate_metadata" RENAME TO "certificate_metadata";

-- Security events: the times are the same, only their declared type changes.
CREATE TABLE "new_security_events" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "timestamp" DATETIME NOT NULL,
    "event_type" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "mitigation_applied" BOOLEAN NOT NULL,
    "mitigation_details" TEXT
);
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
    CONSTRAINT "security_event_metadata_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "security_events" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "new_security_event_metadata" ("event_id", "key", "value")
SELECT "event_id", "key", json_quote(CAST("value" AS TEXT)) FROM "security_event_metadata" WHERE "event_id" IN (SELECT "id" FROM "security_events");
DROP TABLE "security_event_metadata";
ALTER TABLE "new_security_event_metadata" RENAME TO "security_event_metadata";

-- The seed's indexes went with its tables; these serve the queries (see the schema).
CREATE INDEX "idx_agents_name" ON "agents"("name", "id");
CREATE INDEX "idx_agents_name_folded" ON "agents"("name_folded", "id");
CREATE INDEX "idx_agents_status" ON "agents"("status", "updated_at" DESC, "id");
CREATE INDEX "idx_agents_owner" ON "agents"("owner", "updated_at" DESC, "id");
CREATE INDEX "idx_agents_updated_at" ON "agents"("updated_at" DESC, "id");
CREATE INDEX "idx_agents_created_at" ON "agents"("created_at", "id");
CREATE INDEX "idx_agents_expires_at" ON "agents"("expires_at", "id");
CREATE INDEX "idx_agents_version_key" ON "agents"("version_key", "id");
CREATE INDEX "idx_agents_certificate_id" ON "agents"("certificate_id");
CREATE INDEX "idx_endpoints_protocol" ON "endpoints"("protocol", "agent_id");
CREATE INDEX "idx_endpoints_health_status" ON "endpoints"("health_status", "agent_id");
CREATE UNIQUE INDEX "capabilities_name_key" ON "capabilities"("name");
CREATE INDEX "idx_agent_capabilities_capability_id" ON "agent_capabilities"("capability_id", "agent_id");
CREATE INDEX "idx_agent_metadata_key" ON "agent_metadata"("key", "value");
CREATE UNIQUE INDEX "certificates_fingerprint_key" ON "certificates"("fingerprint_key");
CREATE INDEX "idx_certificates_status" ON "certificates"("status", "not_after");
CREATE INDEX "idx_certificates_not_after" ON "certificates"("not_after", "id");
CREATE INDEX "idx_certificates_subject_folded" ON "certificates"("subject_folded");
CREATE INDEX "idx_certificates_issuer_folded" ON "certificates"("issuer_folded");
CREATE INDEX "idx_certificates_replaced_by" ON "certificates"("replaced_by");
CREATE INDEX "idx_certificate_metadata_key" ON "certificate_metadata"("key", "value");
CREATE INDEX "idx_security_events_timestamp" ON "security_events"("timestamp" DESC, "id");
CREATE INDEX "idx_security_events_event_type" ON "security_events"("event_type", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_severity" ON "security_events"("severity", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_source" ON "security_events"("source", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_target" ON "security_events"("target", "timestamp" DESC, "id");
CREATE INDEX "idx_security_event_metadata_key" ON "security_event_metadata"("key", "value");

PRAGMA foreign_keys=ON;
