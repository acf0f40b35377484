#include "conn_end.h"

const char *conn_end_name(enum conn_end end)
{
    static const char *const names[CONN_END_COUNT] = {
#define X(constant, name) [CONN_END_##constant] = name,
        CONN_ENDS(X)
#undef X
    };
    return names[end];
}
