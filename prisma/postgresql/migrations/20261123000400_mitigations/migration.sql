-- Whether an event was mitigated is asked of each that is read: the index alone has the answer.
DROP INDEX "idx_security_event_entries_event_id";
CREATE INDEX "idx_security_event_entries_event_id" ON "security_event_entries"("event_id", "kind", "sequence");
-- Few are, so most need not be looked for among all entries. Prisma Migrate takes no partial index for drift.
CREATE INDEX "idx_security_event_entries_mitigated" ON "security_event_entries"("event_id", "sequence")
    WHERE "kind" = 'MITIGATED';
