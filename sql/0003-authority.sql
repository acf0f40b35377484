-- What the trust-list authority keeps: nodes, what was published, requests that wait for a certificate, and
-- what a change that was decided has still to put in place.

CREATE TABLE node (
    name TEXT NOT NULL PRIMARY KEY,
    ipv4address TEXT NOT NULL DEFAULT ''
);
INSERT INTO node (name, ipv4address)
    SELECT servername, max(ipv4address) FROM certificate WHERE servername <> '' GROUP BY servername;

-- Names that a node had: a configuration that still says one of them means the node.
CREATE TABLE formername (
    name TEXT NOT NULL PRIMARY KEY,
    node TEXT NOT NULL REFERENCES node (name) ON DELETE CASCADE ON UPDATE CASCADE
);

-- One row a list that was given out, with the number of its file in published/.
CREATE TABLE publication (
    number INTEGER NOT NULL PRIMARY KEY,
    filename TEXT NOT NULL,
    published INTEGER NOT NULL,
    phrase TEXT NOT NULL,
    person TEXT NOT NULL,
    md5 TEXT NOT NULL,
    sha1 TEXT NOT NULL,
    signer TEXT NOT NULL,
    signerserial TEXT NOT NULL,
    size INTEGER NOT NULL,
    records INTEGER NOT NULL
);

-- Requests whose key waits in keys/ for the certificate.
CREATE TABLE signingrequest (
    servername TEXT NOT NULL,
    tkcertificateservice INTEGER NOT NULL REFERENCES typecertificateservice (enum),
    request TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (servername, tkcertificateservice)
);

-- Files that lie ready beside their places: written in the transaction that decides the change, removed when
-- each is in place. staged '': the file goes. folder: of the place tftp, whose path the configuration says.
CREATE TABLE pendingfile (
    number INTEGER NOT NULL PRIMARY KEY,
    place TEXT NOT NULL CHECK (place IN ('keys', 'published', 'state', 'tftp')),
    folder TEXT NOT NULL DEFAULT '',
    staged TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL
);

-- Files beside the store, in a backup alone: empty in a store that is in use.
CREATE TABLE savedfile (
    place TEXT NOT NULL CHECK (place IN ('keys', 'published', 'state', 'tftp')),
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (place, name)
);
