/* What it costs to give the same bytes to many sockets: one send() after the other, or all at once to
   the kernel's own queue (io_uring, with registered sockets). Nothing else is done, so no server can
   be cheaper over the same connections.

   The receiver is a process of its own on another core, as slow to look as it is told. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 1000, ENTRIES = 1024, ROUNDS = 40, WARM_UP = 3, PAUSE_US = 40000 };

struct ring {
    int fd;
    unsigned *tail, *array, *head, *completed;
    unsigned mask;
    struct io_uring_sqe *entries;
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void keep_to(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void receive(const struct sockaddr_in *address, int rest_us)
{
    static char buffer[1 << 20];
    struct epoll_event ready[ENTRIES];
    int epoll = epoll_create1(0);
    for (int i = 0; i < SOCKETS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct epoll_event wanted = {EPOLLIN, {.fd = fd}};
        connect(fd, (const void *) address, sizeof *address);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
    }
    for (;;) {
        int count = epoll_wait(epoll, ready, ENTRIES, -1);
        for (int i = 0; i < count; i++)
            if (recv(ready[i].data.fd, buffer, sizeof buffer, MSG_DONTWAIT) == 0)
                _exit(0);
        if (rest_us)
            usleep(rest_us);
    }
}

static int open_ring(struct ring *ring, const int *sockets)
{
    struct io_uring_params params = {0};
    int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;
    ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &params);
    if (ring->fd < 0)
        return -1;
    char *sq = mmap(0, params.sq_off.array + params.sq_entries * sizeof(unsigned), prot, flags,
                    ring->fd, IORING_OFF_SQ_RING);
    char *cq = mmap(0, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), prot,
                    flags, ring->fd, IORING_OFF_CQ_RING);
    ring->entries = mmap(0, params.sq_entries * sizeof *ring->entries, prot, flags, ring->fd,
                         IORING_OFF_SQES);
    if (sq == MAP_FAILED || cq == MAP_FAILED || ring->entries == MAP_FAILED)
        return -1;
    ring->tail = (void *) (sq + params.sq_off.tail);
    ring->array = (void *) (sq + params.sq_off.array);
    ring->mask = *(unsigned *) (sq + params.sq_off.ring_mask);
    ring->head = (void *) (cq + params.cq_off.head);
    ring->completed = (void *) (cq + params.cq_off.tail);
    return syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, sockets, SOCKETS);
}

static int send_queued(struct ring *ring, const char *bytes, int size)
{
    unsigned tail = *ring->tail;
    for (int i = 0; i < SOCKETS; i++, tail++) {
        struct io_uring_sqe *entry = &ring->entries[tail & ring->mask];
        memset(entry, 0, sizeof *entry);
        entry->opcode = IORING_OP_SEND;
        entry->flags = IOSQE_FIXED_FILE;
        entry->fd = i;
        entry->addr = (unsigned long) bytes;
        entry->len = size;
        entry->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT;
        ring->array[tail & ring->mask] = tail & ring->mask;
    }
    __atomic_store_n(ring->tail, tail, __ATOMIC_RELEASE);
    syscall(SYS_io_uring_enter, ring->fd, SOCKETS, SOCKETS, IORING_ENTER_GETEVENTS, 0, 0);
    unsigned done = __atomic_load_n(ring->completed, __ATOMIC_ACQUIRE) - *ring->head;
    __atomic_store_n(ring->head, *ring->head + done, __ATOMIC_RELEASE);
    return done == SOCKETS;
}

static int send_each(const int *sockets, const char *bytes, int size)
{
    for (int i = 0; i < SOCKETS; i++)
        if (send(sockets[i], bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) != size)
            return 0;
    return 1;
}

/* CPU time in us of giving size bytes to one socket, to us[0] by send(), to us[1] by io_uring or -1 where
   that is refused. Returns 0, or -1 if something could not be sent. */
int send_cost(int size, int rest_us, double *us)
{
    int sockets[SOCKETS], on = 1, sent = 1;
    struct ring ring;
    struct rlimit files;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    bind(listening, (void *) &address, length);
    listen(listening, ENTRIES);
    getsockname(listening, (void *) &address, &length);
    pid_t receiver = fork();
    if (receiver == 0) {
        keep_to(1);
        receive(&address, rest_us);
    }
    keep_to(0);
    for (int i = 0; i < SOCKETS; i++) {
        sockets[i] = accept(listening, 0, 0);
        setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    char *bytes = calloc(1, size);
    int queued = open_ring(&ring, sockets) == 0;
    us[0] = 0;
    us[1] = queued ? 0 : -1;
    for (int round = -WARM_UP; round < ROUNDS && sent; round++)
        for (int way = 0; way <= queued && sent; way++) {
            usleep(PAUSE_US); /* until the receiver has everything */
            double began = cpu_s();
            sent = way ? send_queued(&ring, bytes, size) : send_each(sockets, bytes, size);
            if (round >= 0)
                us[way] += (cpu_s() - began) * 1e6 / ROUNDS / SOCKETS;
        }
    kill(receiver, SIGKILL);
    waitpid(receiver, 0, 0);
    return sent ? 0 : -1;
}
