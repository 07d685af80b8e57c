/* The hot path of a crowd of WebSocket clients: receives, and counts the frames that hold events.

   It waits on the crowd's own epoll. Frames of another kind, and descriptors that are not served here or
   whose connection is over, are handed to Python: `await_ready`, then `next_told` until it returns 0. */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "frames.h"
#include "record.h"

enum {
    CLIENTS = 65536,      /* descriptors that can be served */
    READY = 1024,         /* events read by one epoll_wait */
    READ = 256 * 1024,    /* bytes read at once */
    SKIP = 8 * 1024,      /* the rest of a frame beyond this many bytes is not copied */
    GLANCE = 96,          /* first bytes of a payload, enough to identify it */
    KNOWN = 4096,         /* compressed frames remembered */
    TEXT = 1, COMPRESSED = 0x40
};

struct client {
    int64_t position, first, last;     /* how far it has got; the frame that has begun */
    size_t left;                       /* bytes of that frame still to come */
    unsigned char *held;               /* the beginning of a frame that is not identified yet */
    size_t held_size;
    int gateway;
    uint8_t served, numbered, whole, timed;
};
struct counts { int64_t frames, events, bytes, gaps; };
struct known { unsigned char *frame; size_t size; int gateway; int64_t position, first, last; };
struct told { int fd; uint32_t events; const unsigned char *frame; size_t size; };

struct receiver {
    int epoll, turn, turns, top;
    struct epoll_event ready[READY];
    int reading;                       /* descriptor of the bytes in the buffer */
    unsigned char *buffer;
    size_t room, at, end;
    double now;
    struct counts counts;
    struct record record;
    struct known known[KNOWN];
    struct client clients[CLIENTS];
};

/* Record that a client has received a whole frame of events. */
static void heard(struct receiver *r, struct client *c, int64_t first, int64_t last)
{
    r->counts.frames++;
    if (!c->numbered) {
        r->counts.events++;
        c->position++;
    } else {
        int64_t before = c->position > first - 1 ? c->position : first - 1;
        if (before > c->position) r->counts.gaps++;
        if (last > before) r->counts.events += last - before;
        if (last > c->position) c->position = last;
    }
    arrived(&r->record, r->now, last);
    if (c->timed) note(&r->record, r->now, first, last);
}

/* Keep what is there of a frame until more comes. */
static int hold(struct receiver *r, struct client *c)
{
    c->held_size = r->end - r->at;
    c->held = memcpy(some(NULL, c->held_size), r->buffer + r->at, c->held_size);
    r->at = r->end;
    return 0;
}

/* Where a compressed frame is remembered: the same bytes mean something else further on. */
static struct known *known(struct receiver *r, int gateway, int64_t position)
{
    return &r->known[((uint64_t) position * 31 + (uint64_t) gateway) % KNOWN];
}

static const struct known *recognised(
    struct receiver *r, const struct client *c, const unsigned char *frame, size_t size)
{
    const struct known *k = known(r, c->gateway, c->position);
    int same = k->size == size && k->gateway == c->gateway && k->position == c->position
        && !memcmp(k->frame, frame, size);
    return same ? k : NULL;
}

/* Take the next frame from the buffer; return 1 if it is for Python. */
static int take(struct receiver *r, struct told *told)
{
    struct client *c = &r->clients[r->reading];
    const unsigned char *frame = r->buffer + r->at;
    size_t length, there = r->end - r->at, start = header(frame, there, &length), size = start + length;
    if (!start || there < start + smaller(length, GLANCE)) return hold(r, c);

    int countable = !c->whole && (frame[0] & 15) == TEXT, packed = frame[0] & COMPRESSED;
    const unsigned char *end = frame + smaller(size, there);
    const struct known *k;
    if (countable && !packed && events(frame + start, end, &c->first, &c->last)) {
        c->left = size - (size_t) (end - frame);
    } else if (there < size) {
        return hold(r, c);
    } else if (countable && packed && (k = recognised(r, c, frame, size))) {
        c->first = k->first, c->last = k->last;
    } else {
        r->at += size;
        *told = (struct told) {r->reading, 0, frame, size};
        return 1;
    }
    r->counts.bytes += (int64_t) size;
    r->at += (size_t) (end - frame);
    if (!c->left) heard(r, c, c->first, c->last);
    return 0;
}

/* Read what a client was sent into the buffer; return 0 if its connection is over. */
static int read_some(struct receiver *r, int fd)
{
    struct client *c = &r->clients[fd];
    size_t had = c->held_size;
    if (had + READ > r->room) r->buffer = some(r->buffer, r->room = had + READ);
    if (had) memcpy(r->buffer, c->held, had);
    ssize_t got = c->left >= SKIP
        ? recv(fd, r->buffer, smaller(c->left, READ), MSG_DONTWAIT | MSG_TRUNC)
        : recv(fd, r->buffer + had, READ, MSG_DONTWAIT);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);

    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    r->now = (double) now.tv_sec + (double) now.tv_nsec / 1e9;
    free(c->held);
    c->held = NULL, c->held_size = 0;
    r->reading = fd;
    r->end = had + (size_t) got;
    r->at = smaller(c->left, r->end);
    c->left -= r->at;
    if (r->at && !c->left) heard(r, c, c->first, c->last);
    return 1;
}

/* --- what Python calls -------------------------------------------------------------------------- */

struct receiver *receiver_new(int epoll)
{
    struct receiver *r = calloc(1, sizeof *r);
    if (r) r->epoll = epoll;
    return r;
}

void receiver_free(struct receiver *r)
{
    for (int fd = 0; fd < r->top; fd++) free(r->clients[fd].held);
    for (int i = 0; i < KNOWN; i++) free(r->known[i].frame);
    forget(&r->record);
    free(r->buffer);
    free(r);
}

/* Serve a descriptor from now on; return 0 if it is too large. */
int adopt(struct receiver *r, int fd, int64_t position, int gateway, int numbered, int whole, int timed)
{
    if (fd >= CLIENTS) return 0;
    if (fd >= r->top) r->top = fd + 1;
    r->clients[fd] = (struct client) {
        .position = position, .gateway = gateway, .served = 1,
        .numbered = numbered != 0, .whole = whole != 0, .timed = timed != 0};
    return 1;
}

void dismiss(struct receiver *r, int fd)
{
    free(r->clients[fd].held);
    r->clients[fd] = (struct client) {0};
    if (r->reading == fd) r->at = r->end = 0;
}

int64_t position(struct receiver *r, int fd) { return r->clients[fd].position; }
void move(struct receiver *r, int fd, int64_t position) { r->clients[fd].position = position; }

/* Remember what a compressed frame holds for the clients of a gateway at this position. */
void learn(struct receiver *r, int gateway, int64_t position, const unsigned char *frame, size_t size,
           int64_t first, int64_t last)
{
    struct known *k = known(r, gateway, position);
    free(k->frame);
    *k = (struct known) {memcpy(some(NULL, size), frame, size), size, gateway, position, first, last};
}

/* Wait until something is ready; -1 ms waits for ever. */
void await_ready(struct receiver *r, int timeout_ms)
{
    r->turn = 0;
    r->turns = epoll_wait(r->epoll, r->ready, READY, timeout_ms);
}

/* Continue to receive; return 1 if Python must handle `told`, 0 if no descriptor is ready. */
int next_told(struct receiver *r, struct told *told)
{
    for (;;) {
        while (r->at < r->end)
            if (take(r, told)) return 1;
        if (r->turn >= r->turns) return 0;
        struct epoll_event event = r->ready[r->turn++];
        int fd = event.data.fd;
        if (fd < CLIENTS && r->clients[fd].served && read_some(r, fd)) continue;
        *told = (struct told) {fd, event.events, NULL, 0};
        return 1;
    }
}

/* Find the lowest and the highest position of the clients; return 0 if there are none. */
int spread(struct receiver *r, int64_t *lowest, int64_t *highest)
{
    int served = 0;
    for (int fd = 0; fd < r->top; fd++) {
        const struct client *c = &r->clients[fd];
        if (!c->served) continue;
        if (!served || c->position < *lowest) *lowest = c->position;
        if (!served || c->position > *highest) *highest = c->position;
        served = 1;
    }
    return served;
}

const struct counts *counts(struct receiver *r) { return &r->counts; }
const struct record *record(struct receiver *r) { return &r->record; }

/* Begin to count anew. */
void mark(struct receiver *r)
{
    r->counts = (struct counts) {0};
    forget(&r->record);
}
