#include "bench_tally.h"

const char *bench_end_name(enum bench_end end)
{
    static const char *const names[] = {
#define X(constant, name, meaning) name,
        BENCH_ENDS(X)
#undef X
    };
    return names[end];
}

void bench_tally_merge(struct bench_tally *into, const struct bench_tally *from)
{
    into->begun += from->begun;
    for (int i = 0; i < BENCH_END_COUNT; i++)
        into->ends[i] += from->ends[i];
    into->handshakes += from->handshakes;
    into->resumed += from->resumed;
    into->trusted += from->trusted;
    into->not_trusted += from->not_trusted;
    into->dropped += from->dropped;
    into->bytes_out += from->bytes_out;
    into->bytes_in += from->bytes_in;
    if (from->last_good > into->last_good)
        into->last_good = from->last_good;
    if (from->first_trusted != 0 && (into->first_trusted == 0 || from->first_trusted < into->first_trusted))
        into->first_trusted = from->first_trusted;
    bench_histogram_merge(&into->handshake, &from->handshake);
    bench_histogram_merge(&into->answer, &from->answer);
}

uint64_t bench_tally_good(const struct bench_tally *tally)
{
    return tally->ends[BENCH_END_ANSWERED] + tally->ends[BENCH_END_SERVED];
}
