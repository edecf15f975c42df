/* Floats to counts by the top bits of their float32 word, and to moments: one pass.
 *
 * What introspect/tensors/count_compiled.py builds and calls; the grid is that of
 * introspect/nouns/float_bins.py, and the counts are the same to the last one.
 *
 * Values go by in blocks that stay in the first cache. Of each block the moments are taken
 * in 16 lanes that the compiler makes vectors of, then the words are counted, in two tables
 * by turns: after a ReLU half of the words are equal, and each increment of one counter has
 * to wait for the last (1.1 ns a value with one table, 0.7 with two).
 *
 * Axes: C = 2^(9 + bits) codes.
 */

#include <stdint.h>
#include <string.h>

#define BLOCK 4096
#define LANES 16
#define INFINITE 0x7f800000u

/* Of finite values: least, greatest, sum, sum of squares. Then how many are NaN, -Inf, +Inf,
 * finite but too large for float32 (below zero, above). All as doubles: exact to 2^53. */
typedef struct {
    double low, high, total, squares, nans, minus, plus, under, over;
} Found;

static uint32_t word_of(float value) {
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    return word;
}

static int all_finite(const float *values, int64_t size) {
    uint32_t most = 0;
    for (int64_t i = 0; i < size; i++) {
        uint32_t magnitude = word_of(values[i]) & 0x7fffffffu;
        most = magnitude > most ? magnitude : most;
    }
    return most < INFINITE;
}

static void count_words(const float *values, int64_t size, int bits, uint32_t *table) {
    const int shift = 23 - bits;
    int64_t i = 0;
    for (; i + 4 <= size; i += 4) {
        table[(word_of(values[i]) >> shift) * 2]++;
        table[(word_of(values[i + 1]) >> shift) * 2 + 1]++;
        table[(word_of(values[i + 2]) >> shift) * 2]++;
        table[(word_of(values[i + 3]) >> shift) * 2 + 1]++;
    }
    for (; i < size; i++) table[(word_of(values[i]) >> shift) * 2]++;
}

static void one_moment(double value, Found *found) {
    found->low = value < found->low ? value : found->low;
    found->high = value > found->high ? value : found->high;
    found->total += value;
    found->squares += value * value;
}

/* A block that holds something that is not finite as float32. */
static void one_by_one(double value, float narrow, Found *found) {
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    if ((word & 0x7fffffffffffffffull) > 0x7ff0000000000000ull) {
        found->nans++;
    } else if ((word & 0x7fffffffffffffffull) == 0x7ff0000000000000ull) {
        if (word >> 63) found->minus++;
        else found->plus++;
    } else {
        one_moment(value, found);
        if ((word_of(narrow) & 0x7fffffffu) >= INFINITE) {
            if (word >> 63) found->under++;
            else found->over++;
        }
    }
}

/* Ends and sums of finite values of one type, in lanes. */
#define MOMENTS(NAME, TYPE)                                                                      \
    static void NAME(const TYPE *values, int64_t size, Found *found) {                           \
        TYPE low[LANES], high[LANES];                                                            \
        double total[LANES], squares[LANES];                                                     \
        for (int lane = 0; lane < LANES; lane++) {                                               \
            low[lane] = high[lane] = values[0];                                                  \
            total[lane] = squares[lane] = 0.0;                                                   \
        }                                                                                        \
        int64_t i = 0;                                                                           \
        for (; i + LANES <= size; i += LANES) {                                                  \
            for (int lane = 0; lane < LANES; lane++) {                                           \
                const TYPE value = values[i + lane];                                             \
                low[lane] = value < low[lane] ? value : low[lane];                               \
                high[lane] = value > high[lane] ? value : high[lane];                            \
                total[lane] += (double)value;                                                    \
                squares[lane] += (double)value * (double)value;                                  \
            }                                                                                    \
        }                                                                                        \
        double all = 0.0, all_squares = 0.0;                                                     \
        for (int lane = 0; lane < LANES; lane++) {                                               \
            found->low = low[lane] < found->low ? low[lane] : found->low;                        \
            found->high = high[lane] > found->high ? high[lane] : found->high;                   \
            all += total[lane];                                                                  \
            all_squares += squares[lane];                                                        \
        }                                                                                        \
        found->total += all;                                                                     \
        found->squares += all_squares;                                                           \
        for (; i < size; i++) one_moment((double)values[i], found);                              \
    }

MOMENTS(moments_of_floats, float)
MOMENTS(moments_of_doubles, double)

/* Add `size` values to `table`, uint32 of shape (C, 2), and to what was found so far. */
void introspect_add_floats(
    const float *values, int64_t size, int bits, uint32_t *table, Found *found) {
    for (int64_t start = 0; start < size; start += BLOCK) {
        const int64_t here = size - start < BLOCK ? size - start : BLOCK;
        const float *block = values + start;
        if (all_finite(block, here)) moments_of_floats(block, here, found);
        else
            for (int64_t i = 0; i < here; i++) one_by_one((double)block[i], block[i], found);
        count_words(block, here, bits, table);
    }
}

void introspect_add_doubles(
    const double *values, int64_t size, int bits, uint32_t *table, Found *found) {
    float narrow[BLOCK];
    for (int64_t start = 0; start < size; start += BLOCK) {
        const int64_t here = size - start < BLOCK ? size - start : BLOCK;
        const double *block = values + start;
        for (int64_t i = 0; i < here; i++) narrow[i] = (float)block[i];
        if (all_finite(narrow, here)) moments_of_doubles(block, here, found);
        else
            for (int64_t i = 0; i < here; i++) one_by_one(block[i], narrow[i], found);
        count_words(narrow, here, bits, table);
    }
}

static int64_t take(const uint32_t *pair) { return (int64_t)pair[0] + (int64_t)pair[1]; }

/* Occupied bins, ascending, and their counts; the table is zero again. How many they are. */
int64_t introspect_take(int bits, uint32_t *table, int32_t *bins, int64_t *counts) {
    const int32_t half = 1 << (8 + bits), top = 255 << bits;
    int64_t size = 0, count;
    for (int32_t bin = -(top - 1); bin < top; bin++) {
        if (bin < 0) count = take(table + 2 * (half - bin));
        else count = take(table + 2 * bin) + (bin ? 0 : take(table + 2 * half));
        bins[size] = bin;
        counts[size] = count;
        size += count > 0;
    }
    memset(table, 0, 4 * (size_t)half * sizeof *table);
    return size;
}
