/* When frames arrived: each frame's first and last arrival, and every arrival at some clients. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arrival { int64_t last, count; double first_at, last_at; };
struct note { double at; int64_t first, last; };

struct record {
    struct arrival *arrivals, *latest; /* a hash table by last position; a count of 0 is a free place */
    size_t places, used;
    struct note *notes;
    size_t notes_room, notes_used;
};

static void *some(void *memory, size_t size)
{
    void *larger = realloc(memory, size);
    if (!larger) abort();
    return larger;
}

static struct arrival *place(struct record *r, int64_t last)
{
    for (size_t at = (uint64_t) last * 0x9E3779B97F4A7C15u >> 20;; at++) {
        struct arrival *found = &r->arrivals[at & (r->places - 1)];
        if (!found->count || found->last == last) return found;
    }
}

static void make_places(struct record *r)
{
    struct arrival *old = r->arrivals;
    size_t places = r->places;
    r->places = places ? places * 2 : 1024;
    r->arrivals = some(NULL, r->places * sizeof *old);
    memset(r->arrivals, 0, r->places * sizeof *old);
    for (size_t i = 0; i < places; i++)
        if (old[i].count) *place(r, old[i].last) = old[i];
    free(old);
}

static void arrived(struct record *r, double now, int64_t last)
{
    if (!r->latest || r->latest->last != last) {
        if (r->used * 2 >= r->places) make_places(r);
        r->latest = place(r, last);
    }
    if (!r->latest->count) {
        r->used++;
        *r->latest = (struct arrival) {last, 0, now, now};
    }
    r->latest->count++;
    r->latest->last_at = now;
}

static void note(struct record *r, double now, int64_t first, int64_t last)
{
    if (r->notes_used == r->notes_room) {
        r->notes_room = r->notes_room ? r->notes_room * 2 : 1024;
        r->notes = some(r->notes, r->notes_room * sizeof *r->notes);
    }
    r->notes[r->notes_used++] = (struct note) {now, first, last};
}

static void forget(struct record *r)
{
    free(r->arrivals);
    free(r->notes);
    *r = (struct record) {0};
}
