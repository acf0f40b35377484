-- CUCM's tables, by CUCM's names, so that the queries which operators know answer as they expect.

PRAGMA application_id = 0x54565364;

CREATE TABLE certificate (
    pkid TEXT NOT NULL PRIMARY KEY,
    servername TEXT NOT NULL DEFAULT '',
    subjectname TEXT NOT NULL,
    issuername TEXT NOT NULL,
    serialnumber TEXT NOT NULL,
    certificate TEXT NOT NULL,
    ipv4address TEXT NOT NULL DEFAULT '',
    ipv6address TEXT NOT NULL DEFAULT '',
    timetolive INTEGER,
    tkcertificatedistribution INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX certificate_serialnumber ON certificate (serialnumber);
CREATE INDEX certificate_servername ON certificate (servername);

CREATE TABLE typetrustrole (
    enum INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO typetrustrole (enum, name) VALUES
    (0, 'SAST'),
    (1, 'CallManager'),
    (2, 'CallManager+TFTP'),
    (3, 'TFTP'),
    (4, 'CAPF'),
    (5, 'SRST'),
    (6, 'Firewall'),
    (7, 'Application server'),
    (20, 'Certificate authority'),
    (21, 'Authentication and authorization'),
    (22, 'Signaling'),
    (23, 'Provisioning'),
    (24, 'Data service'),
    (25, 'Network element'),
    (26, 'VPN'),
    (27, 'Serviceability'),
    (255, 'Unknown');

CREATE TABLE certificatetrustrolemap (
    pkid TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
    fkcertificate TEXT NOT NULL REFERENCES certificate (pkid) ON DELETE CASCADE,
    tktrustrole INTEGER NOT NULL REFERENCES typetrustrole (enum),
    UNIQUE (fkcertificate, tktrustrole)
);

CREATE TABLE typecertificateservice (
    enum INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO typecertificateservice (enum, name) VALUES
    (1, 'Phone-trust'),
    (2, 'Phone-VPN-trust'),
    (3, 'CallManager'),
    (4, 'CallManager-trust'),
    (5, 'tomcat'),
    (6, 'tomcat-trust'),
    (7, 'ipsec'),
    (8, 'ipsec-trust'),
    (9, 'CAPF'),
    (10, 'CAPF-trust'),
    (11, 'TVS'),
    (12, 'TVS-trust'),
    (13, 'directory-trust'),
    (14, 'Phone-SAST-trust'),
    (15, 'Phone-CTL-trust'),
    (16, 'userlicensing-trust'),
    -- CUCM has no numbers for these two in its published enumeration: ours.
    (17, 'ITLRecovery'),
    (18, 'TVS-ECDSA');

CREATE TABLE certificateservicecertificatemap (
    fkcertificate TEXT NOT NULL REFERENCES certificate (pkid) ON DELETE CASCADE,
    tkcertificateservice INTEGER NOT NULL REFERENCES typecertificateservice (enum),
    PRIMARY KEY (fkcertificate, tkcertificateservice)
);
CREATE INDEX certificateservicecertificatemap_service ON certificateservicecertificatemap (tkcertificateservice);

CREATE TABLE processconfig (
    paramname TEXT NOT NULL PRIMARY KEY,
    paramvalue TEXT NOT NULL
);
INSERT INTO processconfig (paramname, paramvalue) VALUES ('ClusterSecurityMode', '0');
