-- Roll-outs: a signer of lists or a TVS certificate that phones have still to learn of, and what was forced.

-- One row a roll-out. unit: typecertificateservice.enum of the certificate, 0: a security token's or one that is
-- in no own unit. sha256: of the certificate, lower-case hex; '': not known (a list that holds another hash alone).
-- closed 0: open. asked, known: phones when it was closed; -1: nobody counted. withdrawn: since when a later list
-- holds the certificate no more, 0: it still does; kept of TVS-ECDSA, which phones need not be shown.
CREATE TABLE rollout (
    number INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('signer', 'tvs')),
    filename TEXT NOT NULL,
    publication INTEGER NOT NULL,
    unit INTEGER NOT NULL DEFAULT 0,
    servername TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    issuer TEXT NOT NULL DEFAULT '',
    serial TEXT NOT NULL DEFAULT '',
    opened INTEGER NOT NULL,
    phrase TEXT NOT NULL,
    person TEXT NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    closedby TEXT NOT NULL DEFAULT '',
    how TEXT NOT NULL DEFAULT '' CHECK (how IN ('', 'back', 'superseded')),
    asked INTEGER NOT NULL DEFAULT -1,
    known INTEGER NOT NULL DEFAULT -1,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    CHECK ((closed = 0) = (how = ''))
);

-- The phones that were known when a roll-out was closed. asked: when each had asked, 0: it had not.
CREATE TABLE rolloutphone (
    rollout INTEGER NOT NULL REFERENCES rollout (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    asked INTEGER NOT NULL DEFAULT 0,
    lastseen INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rollout, name, address)
);

-- What a guard rail refused and a person did all the same.
CREATE TABLE forced (
    number INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    phrase TEXT NOT NULL,
    person TEXT NOT NULL,
    guard TEXT NOT NULL,
    reason TEXT NOT NULL
);
