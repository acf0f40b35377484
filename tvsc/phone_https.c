#include "phone_https.h"

#include "phone_tvs.h"
#include "tls.h"
#include "trusted.h"

#include <unistd.h>

static bool judge_peer(struct phone *phone, const struct net_target *target, const struct trust_cert *peer,
                       struct phone_verdict *verdict)
{
    struct phone_console *console = &phone->console;
    phone_notice(console, "SECD", "srvr_cert_vfy: Server Certificate Validation needs to be done");
    phone_notice(console, "SECD", "findByCertAndRoleInTL: Searching TL from CTL file");
    if (trusted_find(phone->ctl, TRUST_ROLE_APP_SERVER, peer) != NULL)
        return phone_accept(verdict, PHONE_BY_CTL);
    phone_notice(console, "SECD", "findByCertAndRoleInTL: Searching TL from ITL file");
    if (trusted_find(phone->itl, TRUST_ROLE_APP_SERVER, peer) != NULL)
        return phone_accept(verdict, PHONE_BY_ITL);
    phone_fault(console, "SECD", "EROR:https_cert_vfy: HTTPS cert not in CTL, <%s>", target->shown);
    phone_notice(console, "SECD", "processTvsClntReq: TVS Certificate Authentication request");
    if (phone_cache_peer(&phone->cache, peer, TRUST_ROLE_APP_SERVER, phone_plan_now(phone->plan)) != NULL)
        return phone_accept(verdict, PHONE_BY_CACHE);
    phone_notice(console, "SECD", "lookupAuthCertTvsCacheEntry: No matching entry found at cache");
    if (!phone_tvs_peer(phone, peer, TRUST_ROLE_APP_SERVER, verdict))
        return false;
    phone_notice(console, "SECD", "Authenticated the HTTPS conn via TVS");
    return true;
}

static void visit(struct phone *phone, const struct net_target *target, struct phone_verdict *verdict)
{
    struct trust_error err;
    struct tls *tls = NULL;
    int64_t deadline = net_now() + phone->plan->timeout_ms;
    int fd;
    if (!phone->family->https) {
        phone_refuse(verdict, PHONE_WHY_NO_HTTPS, "how a %s speaks TLS is not known", phone->family->name);
        return;
    }
    phone_notice(&phone->console, "SECD", "clpSetupSsl: Trying to connect to IP:%s, Port : %s", target->host,
                 target->port);
    if (net_connect(target, deadline, &fd, &err) == 0) {
        phone_notice(&phone->console, "SECD", "clpSetupSsl: TCP connected, <%s>", target->shown);
        phone_notice(&phone->console, "SECD", "clpSetupSsl: start SSL/TLS handshake, <%s>", target->shown);
        if (tls_connect(fd, target->shown, &phone->family->tls, deadline, &tls, &err) == 0)
            judge_peer(phone, target, tls_peer(tls), verdict);
        tls_free(tls);
        close(fd);
    }
    if (verdict->outcome == PHONE_UNTRIED) {
        phone_fault(&phone->console, "SECD", "EROR:clpSetupSsl: %s", err.text);
        phone_fail(verdict, PHONE_WHY_UNREACHABLE, err.text);
    }
}

void phone_https(struct phone *phone)
{
    for (unsigned i = 0; i < phone->plan->https_count; i++)
        visit(phone, &phone->plan->https[i], &phone->https[i]);
}
