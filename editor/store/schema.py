"""The tables of a store, as the steps that made them."""

# Append only: a step, once released, stands in somebody's file. {blob}, {real} and {serial} are what the database calls
# bytes, a number of seconds to the microsecond, and a key that counts by itself.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes {blob} NOT NULL)",
        """CREATE TABLE document (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, head TEXT NOT NULL, tip TEXT NOT NULL)""",
        # tiles: the digests, 16 bytes each, row by row. lease: until when worker holds it, seconds.
        """CREATE TABLE revision (
            seq {serial}, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL REFERENCES document,
            parent TEXT REFERENCES revision (id), edit TEXT, created {real} NOT NULL,
            worker TEXT, lease {real}, error TEXT,
            box TEXT, tiles {blob}, "window" TEXT, crop TEXT REFERENCES blob)""",
        "CREATE INDEX promised ON revision (seq) WHERE tiles IS NULL AND error IS NULL",
        "CREATE INDEX of_document ON revision (document)",
    ),
    (
        # request: of what the model was asked, so that the same need not be drawn twice
        "ALTER TABLE revision ADD COLUMN request TEXT",
        "CREATE INDEX of_request ON revision (request) WHERE request IS NOT NULL",
        # follows: the head that this revision takes the place of when it is finished; NULL: its parent, '': none
        "ALTER TABLE revision ADD COLUMN follows TEXT",
        "ALTER TABLE revision ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX of_parent ON revision (parent)",
    ),
    (
        # one edit may ask a model many things; window, crop and request of revision are not used any more
        """CREATE TABLE drawn (
            revision TEXT NOT NULL REFERENCES revision (id), request TEXT NOT NULL,
            crop TEXT NOT NULL REFERENCES blob, PRIMARY KEY (revision, request))""",
        "INSERT INTO drawn SELECT id, request, crop FROM revision WHERE request IS NOT NULL AND crop IS NOT NULL",
        'UPDATE revision SET "window" = NULL, crop = NULL, request = NULL',
        "DROP INDEX of_request",
        "CREATE INDEX of_request ON drawn (request)",
        # deleted: when, seconds; what is deleted together can come back together
        "ALTER TABLE revision ADD COLUMN deleted {real}",
        "ALTER TABLE document ADD COLUMN deleted {real}",
    ),
    (
        # icc: what the colours of the opened file mean, to be said again of every file that is saved
        "ALTER TABLE document ADD COLUMN icc {blob}",
        # base: the tile from which this one differs in a part alone, whose corner is at (x, y) in it; bytes is how
        "ALTER TABLE blob ADD COLUMN base TEXT",
        "ALTER TABLE blob ADD COLUMN x INTEGER",
        "ALTER TABLE blob ADD COLUMN y INTEGER",
    ),
    (
        # metadata: whose the opened picture is and how large it prints, as JSON, likewise
        "ALTER TABLE document ADD COLUMN metadata TEXT",
    ),
    # remakes: of a step of a replay, the step of the old path that it is made again from
    ("ALTER TABLE revision ADD COLUMN remakes TEXT",),
    (
        # deaths: of the model's processes that worked on it; death: how the last of them ended, a sentence
        "ALTER TABLE revision ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE revision ADD COLUMN death TEXT",
        # the newest step of each job that a worker has begun; preview: a WebP at box, as JSON, which serial tells from
        # others
        """CREATE TABLE progress (
            revision TEXT PRIMARY KEY, document TEXT NOT NULL, worker TEXT NOT NULL, step INTEGER NOT NULL,
            steps INTEGER NOT NULL, serial BIGINT NOT NULL, box TEXT, preview {blob})""",
    ),
)
