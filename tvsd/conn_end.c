#include "conn_end.h"

#include "trust.h"

const char *conn_end_name(enum conn_end end)
{
    static const char *const names[CONN_END_COUNT] = {
#define X(constant, name) [CONN_END_##constant] = name,
        CONN_ENDS(X)
#undef X
    };
    return names[end];
}

enum conn_end conn_end_of_error(int code)
{
    switch (code) {
    case TRUST_EDISCRIMINATOR:
        return CONN_END_BAD_DISCRIMINATOR;
    case TRUST_EVERSION:
        return CONN_END_BAD_VERSION;
    case TRUST_ETYPE:
        return CONN_END_BAD_TYPE;
    case TRUST_ENOMEM:
        return CONN_END_NO_MEMORY;
    default:
        return CONN_END_BAD_ELEMENT;
    }
}
