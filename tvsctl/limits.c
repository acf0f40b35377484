#include "limits.h"

#include "print.h"
#include "say.h"

const char *limits_of_key(const struct trust_cert *cert)
{
    int bits = trust_cert_key_bits(cert);
    switch (trust_cert_key_type(cert)) {
    case TRUST_KEY_RSA:
        if (bits > 2048)
            return "old phones (79xx, 89xx, 99xx) know RSA keys of 2048 bits at most";
        return bits < 2048 ? "phones in FIPS mode refuse RSA keys of less than 2048 bits" : NULL;
    case TRUST_KEY_EC:
        if (bits == 256 || bits == 384 || bits == 521)
            return NULL;
        return "phones know the curves P-256, P-384 and P-521 only";
    case TRUST_KEY_OTHER:
        break;
    }
    return "phones know RSA and EC keys only";
}

void limits_warn(struct tvsctl *ctl, const struct trust_cert *cert)
{
    const char *name = print_cert_name(cert), *limit = limits_of_key(cert);
    time_t end = trust_cert_not_after(cert);
    char key[32], date[PRINT_DATE_SIZE];
    if (limit != NULL)
        say_warning(ctl, "%s has the key %s: %s", name, print_key(cert, key, sizeof key), limit);
    print_date(end, date);
    if (end < ctl->now)
        say_warning(ctl, "%s expired on %s; phones do not look at the date, other software does", name, date);
    else if (end - ctl->now < LIMITS_EXPIRY_WARNING)
        say_warning(ctl, "%s expires on %s, in %ld days", name, date, (long)((end - ctl->now) / 86400));
    if (trust_cert_not_before(cert) > ctl->now)
        say_warning(ctl, "%s is not valid before %s", name, print_date(trust_cert_not_before(cert), date));
}
