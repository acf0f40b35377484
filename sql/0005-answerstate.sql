-- Whether what answers phones has changed since somebody looked: most writes are of something else.

-- state: another random number after each change of a table below, whoever makes it. adopted: the state in which
-- the rows of other software had been seen to.
CREATE TABLE IF NOT EXISTS answerstate (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    state INTEGER NOT NULL,
    adopted INTEGER NOT NULL
);
INSERT OR IGNORE INTO answerstate (one, state, adopted) VALUES (1, random(), 0);

-- These keep the caches true as well, in the place of those of before, which nobody would miss.
DROP TRIGGER IF EXISTS certificate_changed;
DROP TRIGGER IF EXISTS certificate_written;
DROP TRIGGER IF EXISTS certificate_deleted;
CREATE TRIGGER IF NOT EXISTS answerstate_certificate_insert AFTER INSERT ON certificate
BEGIN
    DELETE FROM certificatecache WHERE fkcertificate = NEW.pkid;
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificate_update AFTER UPDATE ON certificate
BEGIN
    DELETE FROM certificatecache WHERE fkcertificate IN (OLD.pkid, NEW.pkid)
        AND (OLD.pkid IS NOT NEW.pkid OR OLD.certificate IS NOT NEW.certificate);
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificate_delete AFTER DELETE ON certificate
BEGIN
    DELETE FROM certificatecache WHERE fkcertificate = OLD.pkid;
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificatecache_insert AFTER INSERT ON certificatecache
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificatecache_update AFTER UPDATE ON certificatecache
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificatecache_delete AFTER DELETE ON certificatecache
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificatetrustrolemap_insert AFTER INSERT ON certificatetrustrolemap
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificatetrustrolemap_update AFTER UPDATE ON certificatetrustrolemap
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificatetrustrolemap_delete AFTER DELETE ON certificatetrustrolemap
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificateservicecertificatemap_insert AFTER INSERT ON certificateservicecertificatemap
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificateservicecertificatemap_update AFTER UPDATE ON certificateservicecertificatemap
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_certificateservicecertificatemap_delete AFTER DELETE ON certificateservicecertificatemap
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_retiredcertificate_insert AFTER INSERT ON retiredcertificate
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_retiredcertificate_update AFTER UPDATE ON retiredcertificate
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_retiredcertificate_delete AFTER DELETE ON retiredcertificate
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_importedcertificate_insert AFTER INSERT ON importedcertificate
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_importedcertificate_update AFTER UPDATE ON importedcertificate
BEGIN
    UPDATE answerstate SET state = random();
END;
CREATE TRIGGER IF NOT EXISTS answerstate_importedcertificate_delete AFTER DELETE ON importedcertificate
BEGIN
    UPDATE answerstate SET state = random();
END;

-- Few certificates have a time to live of their own: to find them without reading all.
CREATE INDEX IF NOT EXISTS certificate_timetolive ON certificate (timetolive) WHERE timetolive IS NOT NULL;

-- People name certificates by their serial numbers, too.
CREATE INDEX IF NOT EXISTS certificatecache_serial ON certificatecache (serial);
