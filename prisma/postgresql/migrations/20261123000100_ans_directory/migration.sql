-- The schema of this package. Texts have the collation "C", so that the order of texts is the order of their code points
-- whatever the locale of the database. Both engines then return the same results, and an index serves the order of its column.

CREATE TYPE "AgentStatus" AS ENUM ('ACTIVE', 'DEPRECATED', 'EXPIRED', 'REVOKED', 'SUSPENDED');
CREATE TYPE "HealthStatus" AS ENUM ('DEGRADED', 'HEALTHY', 'UNHEALTHY', 'UNKNOWN');
CREATE TYPE "CertificateStatus" AS ENUM ('EXPIRED', 'REVOKED', 'SUSPENDED', 'VALID');
CREATE TYPE "SecuritySeverity" AS ENUM ('CRITICAL', 'HIGH', 'INFO', 'LOW', 'MEDIUM');
CREATE TYPE "SecurityEventEntryKind" AS ENUM ('MITIGATED', 'PRUNED', 'RECORDED');
CREATE TYPE "ChangeKind" AS ENUM ('CREATED', 'DELETED', 'UPDATED');
CREATE TYPE "ChangeEntity" AS ENUM ('AGENT', 'CERTIFICATE');

CREATE TABLE "agents" (
    "id" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "name_folded" TEXT COLLATE "C" NOT NULL DEFAULT '',
    "public_key" TEXT COLLATE "C" NOT NULL,
    "certificate_id" TEXT COLLATE "C" NOT NULL,
    "default_endpoint_id" TEXT COLLATE "C",
    "version" TEXT COLLATE "C" NOT NULL,
    "version_key" TEXT COLLATE "C" DEFAULT '',
    "description" TEXT COLLATE "C",
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "status" "AgentStatus" NOT NULL,
    "owner" TEXT COLLATE "C" NOT NULL,
    "unique_key" TEXT COLLATE "C",
    "deprecated_at" TIMESTAMPTZ(3),
    "deprecation_reason" TEXT COLLATE "C",
    "successor_id" TEXT COLLATE "C",

    CONSTRAINT "agents_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "agents_created_at_check" CHECK ("created_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "agents_updated_at_check" CHECK ("updated_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "agents_expires_at_check" CHECK ("expires_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "agents_deprecated_at_check" CHECK ("deprecated_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

CREATE TABLE "endpoints" (
    "id" TEXT COLLATE "C" NOT NULL,
    "agent_id" TEXT COLLATE "C" NOT NULL,
    "position" INTEGER NOT NULL,
    "protocol" TEXT COLLATE "C" NOT NULL,
    "address" TEXT COLLATE "C" NOT NULL,
    "port" INTEGER NOT NULL,
    "health_status" "HealthStatus" NOT NULL,
    "last_checked" TIMESTAMPTZ(3) NOT NULL,
    "health_message" TEXT COLLATE "C",
    "metadata" TEXT COLLATE "C",

    CONSTRAINT "endpoints_pkey" PRIMARY KEY ("agent_id","id"),
    CONSTRAINT "endpoints_position_check" CHECK ("position" >= 0),
    CONSTRAINT "endpoints_port_check" CHECK ("port" BETWEEN 1 AND 65535),
    CONSTRAINT "endpoints_last_checked_check" CHECK ("last_checked" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

CREATE TABLE "capabilities" (
    "id" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "capabilities_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "agent_capabilities" (
    "agent_id" TEXT COLLATE "C" NOT NULL,
    "capability_id" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "agent_capabilities_pkey" PRIMARY KEY ("agent_id","capability_id")
);

CREATE TABLE "agent_metadata" (
    "agent_id" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "value" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "agent_metadata_pkey" PRIMARY KEY ("agent_id","key")
);

CREATE TABLE "certificates" (
    "id" TEXT COLLATE "C" NOT NULL,
    "subject" TEXT COLLATE "C" NOT NULL,
    "subject_folded" TEXT COLLATE "C" NOT NULL DEFAULT '',
    "issuer" TEXT COLLATE "C" NOT NULL,
    "issuer_folded" TEXT COLLATE "C" NOT NULL DEFAULT '',
    "not_before" TIMESTAMPTZ(3) NOT NULL,
    "not_after" TIMESTAMPTZ(3) NOT NULL,
    "public_key" TEXT COLLATE "C" NOT NULL,
    "certificate" TEXT COLLATE "C" NOT NULL,
    "fingerprint" TEXT COLLATE "C" NOT NULL,
    "fingerprint_key" TEXT COLLATE "C" NOT NULL,
    "serial_number" TEXT COLLATE "C",
    "status" "CertificateStatus" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revocation_reason" TEXT COLLATE "C",
    "replaced_by" TEXT COLLATE "C",

    CONSTRAINT "certificates_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "certificates_not_before_check" CHECK ("not_before" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "certificates_not_after_check" CHECK ("not_after" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "certificates_created_at_check" CHECK ("created_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "certificates_revoked_at_check" CHECK ("revoked_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "certificates_revocation_reason_check" CHECK ("revocation_reason" IN ('unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold', 'removeFromCRL', 'privilegeWithdrawn', 'aACompromise'))
);

CREATE TABLE "certificate_metadata" (
    "certificate_id" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "value" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "certificate_metadata_pkey" PRIMARY KEY ("certificate_id","key")
);

CREATE TABLE "security_events" (
    "id" TEXT COLLATE "C" NOT NULL,
    "timestamp" TIMESTAMPTZ(3) NOT NULL,
    "event_type" TEXT COLLATE "C" NOT NULL,
    "severity" "SecuritySeverity" NOT NULL,
    "source" TEXT COLLATE "C" NOT NULL,
    "target" TEXT COLLATE "C" NOT NULL,
    "description" TEXT COLLATE "C" NOT NULL,
    "mitigation_applied" BOOLEAN NOT NULL,
    "mitigation_details" TEXT COLLATE "C",

    CONSTRAINT "security_events_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "security_events_timestamp_check" CHECK ("timestamp" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

CREATE TABLE "security_event_metadata" (
    "event_id" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "value" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "security_event_metadata_pkey" PRIMARY KEY ("event_id","key")
);

-- The tamper-evident chain of security events.
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

-- Entries that are not part of the chain yet. A sequencer moves them to the chain in the order of their ids.
CREATE TABLE "security_event_pending_entries" (
    "id" BIGSERIAL NOT NULL,
    "event_id" TEXT COLLATE "C" NOT NULL,
    "kind" "SecurityEventEntryKind" NOT NULL,
    "mitigation_applied" BOOLEAN,
    "mitigation_details" TEXT COLLATE "C",
    "entered_at" TIMESTAMPTZ(3) NOT NULL,
    "digest" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "security_event_pending_entries_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "security_event_pending_entries_entered_at_check" CHECK ("entered_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

CREATE TABLE "security_event_checkpoints" (
    "sequence" BIGINT NOT NULL,
    "hash" TEXT COLLATE "C" NOT NULL,
    "count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "security_event_checkpoints_pkey" PRIMARY KEY ("sequence"),
    CONSTRAINT "security_event_checkpoints_count_check" CHECK ("count" >= 0),
    CONSTRAINT "security_event_checkpoints_created_at_check" CHECK ("created_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

-- The change feed. A row of change_prunings has the sequence number of the last pruned change.
CREATE TABLE "changes" (
    "sequence" BIGSERIAL NOT NULL,
    "entity" "ChangeEntity" NOT NULL,
    "entity_id" TEXT COLLATE "C" NOT NULL,
    "kind" "ChangeKind" NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "changes_pkey" PRIMARY KEY ("sequence"),
    CONSTRAINT "changes_changed_at_check" CHECK ("changed_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

CREATE TABLE "change_prunings" (
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "change_prunings_pkey" PRIMARY KEY ("sequence")
);

-- The fill factor leaves room on each page, so that the new version of an updated row stays on its page.
CREATE TABLE "name_locks" (
    "bucket" INTEGER NOT NULL,

    CONSTRAINT "name_locks_pkey" PRIMARY KEY ("bucket")
) WITH (fillfactor = 50);

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
CREATE UNIQUE INDEX "capabilities_name_key" ON "capabilities"("name");
CREATE INDEX "idx_agent_capabilities_capability_id" ON "agent_capabilities"("capability_id", "agent_id");
CREATE UNIQUE INDEX "certificates_fingerprint_key" ON "certificates"("fingerprint_key");
CREATE INDEX "idx_certificates_status" ON "certificates"("status", "not_after");
CREATE INDEX "idx_certificates_not_after" ON "certificates"("not_after", "id");
CREATE INDEX "idx_certificates_replaced_by" ON "certificates"("replaced_by");
CREATE INDEX "idx_certificates_created_at" ON "certificates"("created_at" DESC, "id");
CREATE INDEX "idx_certificates_not_before" ON "certificates"("not_before", "id");
CREATE INDEX "idx_security_events_timestamp" ON "security_events"("timestamp" DESC, "id");
CREATE INDEX "idx_security_events_event_type" ON "security_events"("event_type", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_severity" ON "security_events"("severity", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_source" ON "security_events"("source", "timestamp" DESC, "id");
CREATE INDEX "idx_security_events_target" ON "security_events"("target", "timestamp" DESC, "id");
CREATE INDEX "idx_security_event_entries_event_id" ON "security_event_entries"("event_id", "kind", "sequence");

ALTER TABLE "agents" ADD CONSTRAINT "agents_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "agents" ADD CONSTRAINT "agents_successor_id_fkey" FOREIGN KEY ("successor_id") REFERENCES "agents"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "endpoints" ADD CONSTRAINT "endpoints_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "agent_capabilities" ADD CONSTRAINT "agent_capabilities_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "agent_capabilities" ADD CONSTRAINT "agent_capabilities_capability_id_fkey" FOREIGN KEY ("capability_id") REFERENCES "capabilities"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "agent_metadata" ADD CONSTRAINT "agent_metadata_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "certificates" ADD CONSTRAINT "certificates_replaced_by_fkey" FOREIGN KEY ("replaced_by") REFERENCES "certificates"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "certificate_metadata" ADD CONSTRAINT "certificate_metadata_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "security_event_metadata" ADD CONSTRAINT "security_event_metadata_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "security_events"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The rest are expression indexes and partial indexes. Prisma's schema cannot express them, and Prisma Migrate does not report
-- them as drift.

-- A value, a subject or an address may be too long for an index entry, so these indexes contain only its beginning.
CREATE INDEX "idx_agent_metadata_key" ON "agent_metadata"("key", left("value", 64));
CREATE INDEX "idx_certificate_metadata_key" ON "certificate_metadata"("key", left("value", 64));
CREATE INDEX "idx_security_event_metadata_key" ON "security_event_metadata"("key", left("value", 64));
CREATE INDEX "idx_certificates_subject" ON "certificates"(left("subject", 64));
CREATE INDEX "idx_endpoints_address" ON "endpoints"(left("address", 64));

-- This index serves the foreign key. Most agents have no successor.
CREATE INDEX "idx_agents_successor_id" ON "agents"("successor_id") WHERE "successor_id" IS NOT NULL;

-- The agents that can be the latest version of their owner and name, best version first: releases before prereleases, and
-- versions that are not semantic last. Owner, name and id together may be too long for an index entry, so this index
-- contains only the beginnings of owner and name.
CREATE INDEX "idx_agents_latest" ON "agents"(left("owner", 64), left("name", 64), (CASE WHEN "version_key" IS NULL THEN 2 WHEN "version_key" LIKE '%~' THEN 0 ELSE 1 END), "version_key" DESC, "updated_at" DESC, "id")
    WHERE "status" = 'ACTIVE';

-- Few entries are mitigations. This index avoids a search among all entries of an event.
CREATE INDEX "idx_security_event_entries_mitigated" ON "security_event_entries"("event_id", "sequence")
    WHERE "kind" = 'MITIGATED';
CREATE INDEX "idx_security_event_pending_entries_mitigated" ON "security_event_pending_entries"("event_id", "id")
    WHERE "kind" = 'MITIGATED';

-- The search by a part of a name. Not every role may create the extension, and not every server has it: without these indexes
-- the search returns the same results, but scans the table. Their conditions exclude no row: they only make the indexes
-- partial.
DO $$
DECLARE
    extension_schema text;
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE 'pg_trgm cannot be created: searches by a part of a name will scan';
    END;
    -- The extension may be in a schema that this role may not use.
    SELECT n.nspname INTO extension_schema
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm' AND has_schema_privilege(n.oid, 'USAGE');
    IF extension_schema IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        EXECUTE format('CREATE INDEX "idx_agents_name_folded" ON "agents" USING gin ("name_folded" %I.gin_trgm_ops) WHERE "name_folded" IS NOT NULL', extension_schema);
        EXECUTE format('CREATE INDEX "idx_certificates_subject_folded" ON "certificates" USING gin ("subject_folded" %I.gin_trgm_ops) WHERE "subject_folded" IS NOT NULL', extension_schema);
        EXECUTE format('CREATE INDEX "idx_certificates_issuer_folded" ON "certificates" USING gin ("issuer_folded" %I.gin_trgm_ops) WHERE "issuer_folded" IS NOT NULL', extension_schema);
    EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'pg_trgm cannot be used: searches by a part of a name will scan';
    END;
END
$$;
