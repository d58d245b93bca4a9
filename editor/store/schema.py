"""The tables of a store, as a list of migrations."""

# Append only: files of users hold every migration that was released. {blob}, {real} and {serial} stand for the
# database's own types of bytes, of seconds with microsecond precision, and of a key that increments itself.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes {blob} NOT NULL)",
        """CREATE TABLE document (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, head TEXT NOT NULL, tip TEXT NOT NULL)""",
        # tiles: their digests, 16 bytes each, row by row. lease: when the worker's claim ends, in seconds since 1970.
        """CREATE TABLE revision (
            seq {serial}, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL REFERENCES document,
            parent TEXT REFERENCES revision (id), edit TEXT, created {real} NOT NULL,
            worker TEXT, lease {real}, error TEXT,
            box TEXT, tiles {blob}, "window" TEXT, crop TEXT REFERENCES blob)""",
        "CREATE INDEX promised ON revision (seq) WHERE tiles IS NULL AND error IS NULL",
        "CREATE INDEX of_document ON revision (document)",
    ),
    (
        # request: the digest of what the model was asked to generate, so that no crop is generated twice
        "ALTER TABLE revision ADD COLUMN request TEXT",
        "CREATE INDEX of_request ON revision (request) WHERE request IS NOT NULL",
        # follows: the head that this revision replaces when it is finished; NULL: its parent, '': none
        "ALTER TABLE revision ADD COLUMN follows TEXT",
        "ALTER TABLE revision ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX of_parent ON revision (parent)",
    ),
    (
        # one edit may send many requests to a model; window, crop and request of revision are no longer used
        """CREATE TABLE drawn (
            revision TEXT NOT NULL REFERENCES revision (id), request TEXT NOT NULL,
            crop TEXT NOT NULL REFERENCES blob, PRIMARY KEY (revision, request))""",
        "INSERT INTO drawn SELECT id, request, crop FROM revision WHERE request IS NOT NULL AND crop IS NOT NULL",
        'UPDATE revision SET "window" = NULL, crop = NULL, request = NULL',
        "DROP INDEX of_request",
        "CREATE INDEX of_request ON drawn (request)",
        # deleted: when, in seconds since 1970; revisions that were deleted together can be restored together
        "ALTER TABLE revision ADD COLUMN deleted {real}",
        "ALTER TABLE document ADD COLUMN deleted {real}",
    ),
    (
        # icc: the colour profile of the opened file, which every exported file gets too
        "ALTER TABLE document ADD COLUMN icc {blob}",
        # base: a tile that differs from this one only in a rectangle with its corner at (x, y); bytes is the difference
        "ALTER TABLE blob ADD COLUMN base TEXT",
        "ALTER TABLE blob ADD COLUMN x INTEGER",
        "ALTER TABLE blob ADD COLUMN y INTEGER",
    ),
    (
        # metadata: author, copyright and print size of the opened file, as JSON, for exported files too
        "ALTER TABLE document ADD COLUMN metadata TEXT",
    ),
    # remakes: for a step of a replay, the step of the old path that it repeats
    ("ALTER TABLE revision ADD COLUMN remakes TEXT",),
    (
        # deaths: how many model processes died while they worked on it; death: how the last one ended, a sentence
        "ALTER TABLE revision ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE revision ADD COLUMN death TEXT",
        # the newest step of each running job; preview: a WebP; box: where it lies, as JSON; serial: grows with each
        # new preview
        """CREATE TABLE progress (
            revision TEXT PRIMARY KEY, document TEXT NOT NULL, worker TEXT NOT NULL, step INTEGER NOT NULL,
            steps INTEGER NOT NULL, serial BIGINT NOT NULL, box TEXT, preview {blob})""",
    ),
    # starred: 1 for a state that the user marked, else 0
    ("ALTER TABLE revision ADD COLUMN starred INTEGER NOT NULL DEFAULT 0",),
    # match: how likely it shows its prompt, 0 to 1, which orders variations; match_word: the word for that, '' for none
    ("ALTER TABLE revision ADD COLUMN match {real}", "ALTER TABLE revision ADD COLUMN match_word TEXT"),
    (
        # studies of people who compare pictures; rows are only ever added. setup: what is compared, as JSON
        """CREATE TABLE study (
            id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created {real} NOT NULL, setup TEXT NOT NULL)""",
        "CREATE TABLE study_end (study TEXT PRIMARY KEY REFERENCES study, created {real} NOT NULL)",
        # token: made by the rater's page, so that an answer that is sent twice is stored once. comparison: its number
        # in the rater's plan. expected: the right choice of a check. left_arm: 0 or 1. choice: left, right, tie, or
        # undone, which takes the last one back
        """CREATE TABLE answer (
            seq {serial}, token TEXT NOT NULL UNIQUE, study TEXT NOT NULL REFERENCES study, rater TEXT NOT NULL,
            comparison INTEGER NOT NULL, question TEXT NOT NULL, kind TEXT NOT NULL, pair INTEGER NOT NULL,
            left_arm INTEGER NOT NULL, expected TEXT, choice TEXT NOT NULL, milliseconds INTEGER NOT NULL,
            created {real} NOT NULL)""",
        "CREATE INDEX of_rater ON answer (study, rater)",
    ),
    (
        # credentials: those of the opened file, an archive of the package c2pa. credentials_checked: 1 when they were
        # checked with that file here, 0 when they came with a document's file
        "ALTER TABLE document ADD COLUMN credentials {blob}",
        "ALTER TABLE document ADD COLUMN credentials_checked INTEGER NOT NULL DEFAULT 0",
    ),
    (
        # served: when a worker last took a job of it, in seconds since 1970: documents take turns
        "ALTER TABLE document ADD COLUMN served {real} NOT NULL DEFAULT 0",
        # processes that work for servers: seen: when last, likewise; place: of which host; models: in memory, as JSON
        """CREATE TABLE worker (
            id TEXT PRIMARY KEY, seen {real} NOT NULL, place TEXT NOT NULL, machine TEXT NOT NULL,
            models TEXT NOT NULL)""",
    ),
    (
        # owner: the user's name; NULL: everybody's. shared: what others may do who know its address, look, edit or
        # nobody. bytes: written for it by now, of what the store did not have. The index finds when an owner was served
        "ALTER TABLE document ADD COLUMN owner TEXT",
        "ALTER TABLE document ADD COLUMN shared TEXT NOT NULL DEFAULT 'look'",
        "ALTER TABLE document ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0",
        "CREATE INDEX of_owner ON document (owner, served)",
    ),
    # browsers that have signed out; session: as their cookie has it. until: when that cookie ends by itself, see above
    ("CREATE TABLE signed_out (session TEXT PRIMARY KEY, until {real} NOT NULL)",),
)
