/* Parses the beginnings of WebSocket frames. */

#include <stddef.h>
#include <stdint.h>

static size_t smaller(size_t one, size_t other) { return one < other ? one : other; }

/* Return the size of a frame's header, 0 if it is not all there; and the length of the payload. */
static size_t header(const unsigned char *frame, size_t there, size_t *length)
{
    *length = there < 2 ? 0 : frame[1];
    size_t size = *length < 126 ? 2 : *length == 126 ? 4 : 10;
    if (there < size) return 0;
    if (size > 2) *length = 0;
    for (size_t i = 2; i < size; i++) *length = *length << 8 | frame[i];
    return size;
}

/* Match a text, in which a blank is optional; return what follows it, or NULL. */
static const unsigned char *after(const unsigned char *at, const unsigned char *end, const char *text)
{
    for (; at && *text; text++) {
        if (at < end && *at == (unsigned char) *text) at++;
        else if (*text != ' ') at = NULL;
    }
    return at;
}

static const unsigned char *number(const unsigned char *at, const unsigned char *end, int64_t *value)
{
    if (!at || at == end || *at < '0' || *at > '9') return NULL;
    for (*value = 0; at < end && *at >= '0' && *at <= '9'; at++) *value = *value * 10 + (*at - '0');
    return at;
}

/* Return whether a payload holds events, and their first and last position; for a row of the baseline both
   are its id. Socket.IO wraps the message in an array. */
static int events(const unsigned char *at, const unsigned char *end, int64_t *first, int64_t *last)
{
    const unsigned char *row = after(at, end, "{\"operation\" : \"");
    const unsigned char *wrapped = after(at, end, "42[\"orders\",");
    if (wrapped) at = wrapped;
    if (!row) {
        at = number(after(at, end, "{\"type\":\"events\",\"first\":"), end, first);
        at = number(after(at, end, ",\"last\":"), end, last);
        return after(at, end, ",") && *first > 0;
    }
    while (row < end && *row >= 'A' && *row <= 'Z') row++;
    row = number(after(row, end, "\", \"order\" : {\"id\":"), end, first);
    *last = *first;
    return row && *first > 0;
}
