-- Resolution that does not slow down with the directory: an index of all parts of the agents' names, and indexes for the
-- orders that had none.

CREATE INDEX "idx_agents_status_id" ON "agents"("status", "id");
CREATE INDEX "idx_agents_owner_id" ON "agents"("owner", "id");
CREATE INDEX "idx_certificates_subject" ON "certificates"("subject", "id");
CREATE INDEX "idx_certificates_not_before" ON "certificates"("not_before", "id");

-- A part of a name is found by the tables below.
DROP INDEX "idx_agents_name_folded";

-- The names, narrow, under numbers of their own: the agents' rowids may be others after a VACUUM.
CREATE TABLE "agent_names" (
    "key" INTEGER NOT NULL PRIMARY KEY,
    "agent_id" TEXT NOT NULL,
    "name_folded" TEXT NOT NULL,

    CONSTRAINT "agent_names_agent_id_check" CHECK (typeof("agent_id") = 'text'),
    CONSTRAINT "agent_names_name_folded_check" CHECK (typeof("name_folded") = 'text')
);
CREATE UNIQUE INDEX "agent_names_agent_id" ON "agent_names"("agent_id");

-- Every three code points in a row, and the names that have them. Neither where in the name nor how often is kept: whoever
-- searches looks at the name itself.
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

-- A migration that makes the table "agents" anew has to make these anew, too.
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
