-- Whether an event was mitigated is asked of each that is read: the index alone has the answer.
DROP INDEX "idx_security_event_entries_event_id";
CREATE INDEX "idx_security_event_entries_event_id" ON "security_event_entries"("event_id", "kind", "sequence");
