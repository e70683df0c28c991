-- The public contract's schema. Texts are collated "C": their order is that of their code points whatever the locale of
-- the database, so that both engines give the same answers and every index serves the order of its column.

-- CreateEnum
CREATE TYPE "AgentStatus" AS ENUM ('ACTIVE', 'DEPRECATED', 'EXPIRED', 'REVOKED', 'SUSPENDED');

-- CreateEnum
CREATE TYPE "HealthStatus" AS ENUM ('DEGRADED', 'HEALTHY', 'UNHEALTHY', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "CertificateStatus" AS ENUM ('EXPIRED', 'REVOKED', 'SUSPENDED', 'VALID');

-- CreateEnum
CREATE TYPE "SecuritySeverity" AS ENUM ('CRITICAL', 'HIGH', 'INFO', 'LOW', 'MEDIUM');

-- CreateTable
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

    CONSTRAINT "agents_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "agents_created_at_check" CHECK ("created_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "agents_updated_at_check" CHECK ("updated_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00'),
    CONSTRAINT "agents_expires_at_check" CHECK ("expires_at" BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999+00')
);

-- CreateTable
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

-- CreateTable
CREATE TABLE "capabilities" (
    "id" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "capabilities_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent_capabilities" (
    "agent_id" TEXT COLLATE "C" NOT NULL,
    "capability_id" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "agent_capabilities_pkey" PRIMARY KEY ("agent_id","capability_id")
);

-- CreateTable
CREATE TABLE "agent_metadata" (
    "agent_id" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "value" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "agent_metadata_pkey" PRIMARY KEY ("agent_id","key")
);

-- CreateTable
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

-- CreateTable
CREATE TABLE "certificate_metadata" (
    "certificate_id" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "value" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "certificate_metadata_pkey" PRIMARY KEY ("certificate_id","key")
);

-- CreateTable
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

-- CreateTable
CREATE TABLE "security_event_metadata" (
    "event_id" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "value" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "security_event_metadata_pkey" PRIMARY KEY ("event_id","key")
);

-- CreateIndex
CREATE INDEX "idx_agents_name" ON "agents"("name", "id");

-- CreateIndex
CREATE INDEX "idx_agents_status" ON "agents"("status", "updated_at" DESC, "id");

-- CreateIndex
CREATE INDEX "idx_agents_owner" ON "agents"("owner", "updated_at" DESC, "id");

-- CreateIndex
CREATE INDEX "idx_agents_updated_at" ON "agents"("updated_at" DESC, "id");

-- CreateIndex
CREATE INDEX "idx_agents_created_at" ON "agents"("created_at", "id");

-- CreateIndex
CREATE INDEX "idx_agents_expires_at" ON "agents"("expires_at", "id");

-- CreateIndex
CREATE INDEX "idx_agents_version_key" ON "agents"("version_key", "id");

-- CreateIndex
CREATE INDEX "idx_agents_certificate_id" ON "agents"("certificate_id");

-- CreateIndex
CREATE INDEX "idx_endpoints_protocol" ON "endpoints"("protocol", "agent_id");

-- CreateIndex
CREATE INDEX "idx_endpoints_health_status" ON "endpoints"("health_status", "agent_id");

-- CreateIndex
CREATE UNIQUE INDEX "capabilities_name_key" ON "capabilities"("name");

-- CreateIndex
CREATE INDEX "idx_agent_capabilities_capability_id" ON "agent_capabilities"("capability_id", "agent_id");

-- CreateIndex
CREATE UNIQUE INDEX "certificates_fingerprint_key" ON "certificates"("fingerprint_key");

-- CreateIndex
CREATE INDEX "idx_certificates_status" ON "certificates"("status", "not_after");

-- CreateIndex
CREATE INDEX "idx_certificates_not_after" ON "certificates"("not_after", "id");

-- CreateIndex
CREATE INDEX "idx_certificates_replaced_by" ON "certificates"("replaced_by");

-- CreateIndex
CREATE INDEX "idx_security_events_timestamp" ON "security_events"("timestamp" DESC, "id");

-- CreateIndex
CREATE INDEX "idx_security_events_event_type" ON "security_events"("event_type", "timestamp" DESC, "id");

-- CreateIndex
CREATE INDEX "idx_security_events_severity" ON "security_events"("severity", "timestamp" DESC, "id");

-- CreateIndex
CREATE INDEX "idx_security_events_source" ON "security_events"("source", "timestamp" DESC, "id");

-- CreateIndex
CREATE INDEX "idx_security_events_target" ON "security_events"("target", "timestamp" DESC, "id");

-- AddForeignKey
ALTER TABLE "agents" ADD CONSTRAINT "agents_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "endpoints" ADD CONSTRAINT "endpoints_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agent_capabilities" ADD CONSTRAINT "agent_capabilities_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agent_capabilities" ADD CONSTRAINT "agent_capabilities_capability_id_fkey" FOREIGN KEY ("capability_id") REFERENCES "capabilities"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agent_metadata" ADD CONSTRAINT "agent_metadata_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "certificates" ADD CONSTRAINT "certificates_replaced_by_fkey" FOREIGN KEY ("replaced_by") REFERENCES "certificates"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "certificate_metadata" ADD CONSTRAINT "certificate_metadata_certificate_id_fkey" FOREIGN KEY ("certificate_id") REFERENCES "certificates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "security_event_metadata" ADD CONSTRAINT "security_event_metadata_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "security_events"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot express follows: indexes of expressions, which Prisma Migrate neither makes nor misses.

-- Records whose metadata hold a value under a key. A value may be longer than an index takes, its beginning is not.
CREATE INDEX "idx_agent_metadata_key" ON "agent_metadata"("key", left("value", 64));
CREATE INDEX "idx_certificate_metadata_key" ON "certificate_metadata"("key", left("value", 64));
CREATE INDEX "idx_security_event_metadata_key" ON "security_event_metadata"("key", left("value", 64));

-- Search by a part of a name. Not every role may create the extension, and not every server has it: without the indexes
-- the search gives the same answers, only slower. They are partial, though no row is left out, as Prisma Migrate
-- takes no partial index for drift.
DO $$
DECLARE
    extension_schema text;
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE 'pg_trgm cannot be created: searches by a part of a name will scan';
    END;
    -- Nor may every role use the schema that somebody else has put the extension in, or its functions.
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
