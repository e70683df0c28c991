-- Resolution that does not slow down with the directory: indexes for the orders that had none.

CREATE INDEX "idx_agents_status_id" ON "agents"("status", "id");
CREATE INDEX "idx_agents_owner_id" ON "agents"("owner", "id");
CREATE INDEX "idx_certificates_not_before" ON "certificates"("not_before", "id");

-- A subject may be longer than an index takes, its beginning is not. Prisma Migrate takes no index of an expression for
-- drift.
CREATE INDEX "idx_certificates_subject" ON "certificates"(left("subject", 64));
