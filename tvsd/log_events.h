/* The catalogue of log events. The ids are fixed: tests, scrapes and alarms rely on them.
 *
 * X(constant, id, level, fields, meaning, what to do): fields name the keys in the order in which they are
 * written; "*": any keys. tvsd-events(7) is made from this, and from the keys below: sentences, in which `…`
 * are literal words. What to do: "" for nothing. */
#ifndef TVSD_LOG_EVENTS_H
#define TVSD_LOG_EVENTS_H

/* clang-format off */
#define LOG_EVENTS(X) \
    X(READY, "ready", INFO, "listen", \
      "Phones are served, on the address and port of each socket.", \
      "") \
    X(STARTED, "started", INFO, "version node workers store ctl max_connections", \
      "What a start found: how many certificates the store and the CTL hold, and how many connections are taken at a time.", \
      "`store=0 ctl=0`: no phone gets a good answer before `tvsctl` has put certificates into the store.") \
    X(RELOAD, "reload", INFO, "file", \
      "What was read again on SIGHUP, or on `utils service reload`, is in force, all of it.", \
      "") \
    X(RELOAD_REFUSED, "reload-refused", ERROR, "reason remedy", \
      "Nothing of what was read again is in force; what was before is. It also comes when a change that was noticed without a " \
      "signal had to wait for memory, and says so. Standard error has it as well while the log file cannot be opened.", \
      "What the remedy says; then reload again.") \
    X(NEEDS_RESTART, "needs-restart", WARNING, "options", \
      "These options were changed, and take effect only at a restart.", \
      "Restart tvsd at a quiet time.") \
    X(STOPPING, "stopping", INFO, "signal connections", \
      "The end was asked for; requests under way are answered first.", \
      "") \
    X(STOPPED, "stopped", INFO, "", \
      "It ended as it was asked to.", \
      "") \
    X(START_REFUSED, "start-refused", ERROR, "reason", \
      "It does not run. If the log goes to a file or to syslog, standard error has the line as well.", \
      "The reason says it; `tvsd -t` tries it without listening.") \
    X(SIGNER_UNCHECKED, "signer-unchecked", WARNING, "option", \
      "Anybody's CTL is believed, by configuration: whoever can write into the TFTP folder decides what phones trust.", \
      "Set `trust_lists.require_trusted_signer: true`, unless you mean it.") \
    X(LISTEN_SKIPPED, "listen-skipped", WARNING, "listen reason", \
      "This kernel does not have the address family of an entry of `server.listen`.", \
      "Take the entry out if that is for good.") \
    X(SOCKETS_INHERITED, "sockets-inherited", INFO, "count instead-of", \
      "The service manager handed over so many sockets, which replace those of `server.listen`.", \
      "") \
    X(NOTIFY_FAILED, "notify-failed", WARNING, "reason socket", \
      "The service manager could not be told how tvsd is, on the socket that is named (NOTIFY_SOCKET); it is tried again.", \
      "If it goes on, look at the service manager: it may believe that tvsd hangs.") \
    X(CTL_LOADED, "ctl-loaded", INFO, "file certificates signer serial sha1", \
      "A CTL is in force from now on; its signer is named.", \
      "") \
    X(CTL_REFUSED, "ctl-refused", ERROR, "file code reason in-force remedy", \
      "A CTL is not believed, its folder is not there, or the last good one could not be kept. Answers go by the CTL that " \
      "`in-force` names by its SHA-1, or by none. tvsd(8) tells the codes.", \
      "What the remedy says. If nobody of yours wrote that file, find out who did.") \
    X(CTL_OLDER, "ctl-older", WARNING, "file signed newer newer-signed setting", \
      "A CTL is believed that was signed before the last one.", \
      "If nobody restored it on purpose: publish the newest again (`tvsctl show published`), and see `trust_lists.refuse_older_ctl`.") \
    X(CTL_GONE, "ctl-gone", WARNING, "file reason remedy", \
      "There is no CTL any more: phones are answered from the store alone.", \
      "What the remedy says, if that was not meant.") \
    X(STORE_LOADED, "store-loaded", INFO, "file certificates", \
      "The store is in force as it is now.", \
      "") \
    X(STORE_REFUSED, "store-refused", ERROR, "file reason", \
      "The store cannot be read, or is gone; what was read last stays in force, and the store is tried again.", \
      "What the reason says; a backup brings back a store that is damaged (`tvsctl utils restore`).") \
    X(CERTIFICATE_LOADED, "certificate-loaded", INFO, "subject serial sha1 expires", \
      "The TVS certificate that phones are shown from now on; a phone goes on only if its list holds this one.", \
      "Renew it before the day of `expires`, and let all phones fetch the new ITL before the old one goes.") \
    X(CERTIFICATE_REFUSED, "certificate-refused", ERROR, "reason", \
      "The TVS certificate of the store changed, but cannot be used; the one before stays in use. The reason says whether it is " \
      "tried again, or SIGHUP is needed.", \
      "What the reason says.") \
    X(ECDSA_SHOWN, "ecdsa-shown", INFO, "subject serial sha1 expires", \
      "From now on phones that take ECDSA are shown the TVS-ECDSA certificate.", \
      "") \
    X(ECDSA_WAITS, "ecdsa-waits", INFO, "reason", \
      "There is a TVS-ECDSA certificate that no phone is shown yet, and what that waits for.", \
      "Close the roll-out when all phones have the ITL that holds it (`tvsctl utils rollout close`).") \
    X(ECDSA_ENDED, "ecdsa-ended", INFO, "serial", \
      "The TVS-ECDSA certificate is shown no longer; everybody is shown the TVS certificate.", \
      "") \
    X(ECDSA_REFUSED, "ecdsa-refused", WARNING, "reason", \
      "The TVS-ECDSA certificate cannot be shown; phones go on being shown the TVS certificate.", \
      "What the reason says.") \
    X(EXPIRY_NOTICE, "expiry-notice", INFO, "unit subject serial expires days remedy", \
      "A certificate of this node, or the signer of the CTL in force, expires within 90 days. Said at a start, and when a threshold " \
      "(90, 30, 7 days) is crossed. Phones do not look at the day; browsers and other servers do.", \
      "Plan for what the remedy says: each unit that changes needs a list that all phones fetch.") \
    X(EXPIRY_WARNING, "expiry-warning", WARNING, "unit subject serial expires days remedy", \
      "The same, within 30 days.", \
      "What the remedy says.") \
    X(EXPIRY_URGENT, "expiry-urgent", ERROR, "unit subject serial expires days remedy", \
      "The same, within 7 days.", \
      "What the remedy says.") \
    X(EXPIRED, "expired", ERROR, "unit subject serial expires days remedy", \
      "A certificate of this node, or the signer of the CTL in force, has expired; `days` is less than 0. Phones go on with it.", \
      "What the remedy says.") \
    X(ANSWER, "answer", INFO, "type result roles source serial device peer us tls issuer reason", \
      "A phone was answered. The result is `trusted`, `unknown`, `twin`, `no-role`, `ambiguous`, `expired`, or `unusable`: the message " \
      "had no certificate, or one that cannot be parsed, as the reason says.", \
      "Of `unknown`: import the certificate that serial number and issuer name, if phones are to trust it " \
      "(`tvsctl set cert import trust UNIT FILE`).") \
    X(UNKNOWN_REFUSED, "unknown-refused", WARNING, "serial issuer source device peer remedy reason count", \
      "A phone asked about a certificate that neither the store nor the CTL holds, and is told not to trust it. This, and the other " \
      "lines with `count` about a phone, are said once a minute for each phone and reason: the first at once, the others of the " \
      "minute as one line when it ends.", \
      "What the remedy says, if phones are to trust it; else nothing: that is what they ask for.") \
    X(NO_ROLE, "no-role", WARNING, "serial issuer source device peer remedy reason count", \
      "The certificate is in the store, but its unit gives it no role that phones would take.", \
      "What the remedy says.") \
    X(TWIN_REFUSED, "twin-refused", WARNING, "serial issuer source device peer reason count", \
      "The store or the CTL holds another certificate of the same issuer and serial number, and the phone's is not trusted.", \
      "Find out which is right. Import the phone's own, or look for somebody who has made a copy.") \
    X(AMBIGUOUS, "ambiguous", WARNING, "serial issuer source device peer reason count", \
      "Several certificates fit a query, and none exactly: none is guessed.", \
      "Delete those that are not used any more (`tvsctl show cert list trust`).") \
    X(EXPIRED_REFUSED, "expired-refused", WARNING, "serial issuer source device peer reason count", \
      "The certificate is past its last day, and `answers.expired` says `refuse`.", \
      "Import its successor.") \
    X(REQUEST_REFUSED, "request-refused", WARNING, "reason peer setting device count", \
      "A phone got no answer, or none of use: what it sent is no request, is garbled, holds no certificate that can be read, or came too " \
      "slowly. Said once a minute for each phone and reason.", \
      "If it is a phone of yours: what the setting allows, or its firmware. Else see what runs at that address.") \
    X(CONN_CLOSED, "conn-closed", INFO, "reason peer requests ms detail", \
      "A connection ended; tvsd(8) tells the reasons. `detail` of `handshake-failed` is what `tls-refused` says in words. One address has at " \
      "most 20 lines a second each of `silent`, `handshake-failed`, and of `handshake-timeout` without a byte; `stats` counts all.", \
      "A phone that asks nothing after the handshake may not know our certificate: it needs an ITL that holds it.") \
    X(TLS_REFUSED, "tls-refused", WARNING, "reason peer setting remedy device count", \
      "A phone could not be let in; tvsd(8) tells the reasons. An alert about our certificate, such as `unknown CA`, means that the phone's " \
      "lists do not hold the TVS certificate. The device is the one that asked from that address before. Said once a minute for each " \
      "address and reason.", \
      "What the remedy says, or set the option that would let it in. Without a remedy see what runs at that address, and how good the " \
      "line to it is: who \"did not finish the handshake in time\" began one, and sent too slowly.") \
    X(ADDRESS_REFUSED, "address-refused", WARNING, "peer connections setting count", \
      "An address had as many connections as `server.max_connections_per_address` allows, and wanted one more. Said once a " \
      "minute for one address.", \
      "If phones share it (NAT): name it in `server.unlimited_addresses`. Else see what runs there.") \
    X(REFUSED_MORE, "refused-more", WARNING, "count", \
      "So many refusals more had no line of their own in the past minute: more than 4096 phones and reasons were there to be told apart. " \
      "The statistics count all.", \
      "See from where they come: so many at a time are an attack, or a setting that no phone can do with.") \
    X(TLS_WEAK, "tls-weak", INFO, "peer protocol cipher setting", \
      "A phone was let in with settings that only it gets, since it can do no better. Said once for an address.", \
      "Its firmware, or a newer phone, if there is one.") \
    X(CONNECTIONS_LIMITED, "connections-limited", WARNING, "option limit max_connections remedy", \
      "The configuration allows more connections than there are descriptors for: so many are taken as leave some for all else. Were it more, "  \
      "silent ones could keep phones out.", \
      "What the remedy says, and a restart.") \
    X(ACCEPT_PAUSED, "accept-paused", WARNING, "reason error remedy", \
      "There is no room for another connection; phones wait, and those who are connected are answered. It is tried again each time a " \
      "connection ends, and twice a second. Said once, until `accept-resumed`.", \
      "What the remedy says.") \
    X(OVERLOAD, "overload", WARNING, "reason peer setting remedy", \
      "Connections were closed because there are too many at a time, or because tvsd did not come to them in time (a machine that is too " \
      "busy, or was stopped); the address is that of one of them. Said once a minute for each reason; the statistics count all.", \
      "What the remedy says; if it is an attack, keep those networks from the port.") \
    X(ACCEPT_RESUMED, "accept-resumed", WARNING, "reason seconds pauses", \
      "What `accept-paused` said has not happened for 10 seconds: how many seconds it had lasted, and how often accepting was paused.", \
      "") \
    X(WORKER_HUNG, "worker-hung", ERROR, "worker seconds remedy", \
      "A worker (0, 1 and so on) has not answered for so many seconds, and none of its phones is answered. Under systemd tvsd is killed " \
      "a little later, and started anew.", \
      "What the remedy says; report it with a stack trace if it comes again.") \
    X(WORKER_ANSWERS, "worker-answers", WARNING, "worker seconds", \
      "A worker that hung answers again.", \
      "Look for what kept this machine busy: a disk, memory, the host of a virtual machine.") \
    X(LOG_FAILED, "log-failed", ERROR, "reason remedy", \
      "On standard error: the log's target takes no lines, and why. Said once a minute at most.", \
      "What the remedy says.") \
    X(LOG_MOVED, "log-moved", INFO, "target", \
      "The last line in a target that a reload changed: the log goes on in another.", \
      "") \
    X(LOG_DROPPED, "log-dropped", WARNING, "count target reason", \
      "So many lines were lost here: the target failed, nobody read what was written there, or the main thread could not keep up.", \
      "Raise `log.level`, or have a faster target.") \
    X(CONTROL, "control", WARNING, "command argument uid pid", \
      "Somebody asked on the control socket for another trace level or for a reload: user and process. Under a unit with users of " \
      "its own, all but root and the unit's user are 65534.", \
      "") \
    X(CONTROL_REFUSED, "control-refused", WARNING, "socket reason remedy", \
      "There is no control socket, and why; or another tvsd has this state folder. Phones are answered all the same.", \
      "What the remedy says.") \
    X(PHONES_FAILED, "phones-failed", WARNING, "file reason remedy", \
      "The file of phones could not be read, or not be written, which is tried again each minute.", \
      "What the remedy says.") \
    X(STATS, "stats", INFO, "*", \
      "The counters, each minute, on SIGUSR1 and at the end, all since the start but for `active`, the connections that are open, and " \
      "`snapshots_live`, how many versions of all that answers depend on are in memory (at rest there is one; `snapshots_made` is how " \
      "many there were). What is zero is left out. `accepted` connections; `handshakes` that succeeded, of which `tls_strict`, `tls_rsa` " \
      "(RSA key exchange) and `tls_legacy` (TLS 1.0 or 1.1) by how a phone was let in; requests to `verify` and `query`, `bytes_in` and " \
      "`bytes_out`; `answer-…` by result; `end-…` connections and `refused-…` handshakes, by the reasons that tvsd(8) tells; " \
      "`accept_paused`, how often no connection could be taken for a while. `sightings_lost` counts requests that were answered while " \
      "there was no time to remember who asked.", \
      "")

/* X(key, meaning): each key of the catalogue. */
#define LOG_KEYS(X) \
    X("argument", "what the command was given") \
    X("certificates", "how many certificates were read") \
    X("cipher", "the cipher suite, by OpenSSL's name") \
    X("code", "why, in a word of tvsd(8)") \
    X("command", "what was asked on the control socket") \
    X("connections", "how many connections: open ones, or those of the address") \
    X("count", "how many; of refusals: since the line before it, this one included") \
    X("ctl", "how many certificates the CTL holds") \
    X("days", "whole days that are left; less than 0: so many ago") \
    X("detail", "more about the reason; \"\" if nothing is known") \
    X("device", "the name that the phone gave: what it claims to be") \
    X("error", "what the system said") \
    X("expires", "the last day of the certificate, UTC: 2030-12-31") \
    X("file", "the path of the file") \
    X("in-force", "SHA-1 of the CTL that answers go by, or none") \
    X("instead-of", "the option that the sockets replace") \
    X("issuer", "the issuer of the certificate that was asked about") \
    X("limit", "how many descriptors the process may have open") \
    X("listen", "address and port; several with commas") \
    X("max_connections", "how many connections are taken at a time") \
    X("ms", "how long it lasted, in milliseconds") \
    X("newer", "SHA-1 of the CTL that was signed later") \
    X("newer-signed", "when that was signed") \
    X("node", "the name of this node") \
    X("option", "the option of tvsd.yaml(5)") \
    X("options", "options of tvsd.yaml(5)") \
    X("pauses", "how often") \
    X("peer", "the address and port of the phone; [ADDRESS]:PORT for IPv6") \
    X("pid", "the process that asked") \
    X("protocol", "the version of TLS") \
    X("reason", "why: a word of tvsd(8), or a sentence") \
    X("remedy", "what to do") \
    X("requests", "how many requests were answered on the connection") \
    X("result", "what the phone was told") \
    X("roles", "the numbers of the roles, with commas between them") \
    X("seconds", "how long, in seconds") \
    X("serial", "the serial number of the certificate, in hexadecimal digits") \
    X("setting", "the option of tvsd.yaml(5) that it hangs on") \
    X("sha1", "the SHA-1 of the file, or of the certificate") \
    X("signal", "the signal that came") \
    X("signed", "when the CTL was signed") \
    X("signer", "the subject of the CTL's signer") \
    X("socket", "the path of the socket") \
    X("source", "what held the certificate: store, ctl or none") \
    X("store", "how many certificates the store holds") \
    X("subject", "the subject of the certificate") \
    X("target", "where the log goes: the value of log.target") \
    X("tls", "the version of TLS that the phone speaks: TLSv1.2") \
    X("type", "verify: is this certificate trusted? query: what is the certificate?") \
    X("uid", "the user who asked") \
    X("unit", "the unit of tvsctl(1) that the certificate is in; CTL: it signed the CTL in force") \
    X("us", "how long the answer took, in microseconds") \
    X("version", "the version of tvsd") \
    X("worker", "the number of the worker: 0, 1 and so on") \
    X("workers", "how many workers there are")
/* clang-format on */

enum log_event {
#define X(constant, id, level, fields, meaning, remedy) LOG_EV_##constant,
    LOG_EVENTS(X)
#undef X
        LOG_EV_COUNT
};

#endif
