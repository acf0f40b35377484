-- Tables of our own, which CUCM does not have.

-- What answers phones, so that nobody parses X.509 to load the store. Written with the certificate, in one
-- transaction; sha256 is that of der, in lower-case hex.
CREATE TABLE certificatecache (
    fkcertificate TEXT NOT NULL PRIMARY KEY REFERENCES certificate (pkid) ON DELETE CASCADE,
    sha256 TEXT NOT NULL UNIQUE,
    der BLOB NOT NULL,
    serial BLOB NOT NULL,
    issuer TEXT NOT NULL,
    issuercanonical TEXT NOT NULL,
    issuercanonicalfull TEXT NOT NULL,
    commonname TEXT NOT NULL,
    notbefore INTEGER NOT NULL,
    notafter INTEGER NOT NULL
);
CREATE INDEX certificatecache_commonname ON certificatecache (commonname);

-- Other software may write certificates and knows nothing of the cache: never keep what no longer fits. The
-- deletion is said again here because foreign keys are off unless a program turns them on.
CREATE TRIGGER certificate_changed AFTER UPDATE OF certificate ON certificate
BEGIN
    DELETE FROM certificatecache WHERE fkcertificate = NEW.pkid;
END;
-- REPLACE is a deletion that fires no trigger of its own.
CREATE TRIGGER certificate_written AFTER INSERT ON certificate
BEGIN
    DELETE FROM certificatecache WHERE fkcertificate = NEW.pkid;
END;
CREATE TRIGGER certificate_deleted AFTER DELETE ON certificate
BEGIN
    DELETE FROM certificatecache WHERE fkcertificate = OLD.pkid;
END;

-- Own certificates that were replaced and may still stand in a published list, with the unit they had.
CREATE TABLE retiredcertificate (
    fkcertificate TEXT NOT NULL REFERENCES certificate (pkid) ON DELETE CASCADE,
    tkcertificateservice INTEGER NOT NULL REFERENCES typecertificateservice (enum),
    PRIMARY KEY (fkcertificate, tkcertificateservice)
);

-- Certificates taken over with their roles as they stood, whatever units they come into later.
CREATE TABLE importedcertificate (
    fkcertificate TEXT NOT NULL PRIMARY KEY REFERENCES certificate (pkid) ON DELETE CASCADE
);
CREATE TABLE importedtrustrole (
    fkcertificate TEXT NOT NULL REFERENCES importedcertificate (fkcertificate) ON DELETE CASCADE,
    tktrustrole INTEGER NOT NULL REFERENCES typetrustrole (enum),
    PRIMARY KEY (fkcertificate, tktrustrole)
);
