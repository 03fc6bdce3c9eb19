/* blast - keep a DNS server on 127.0.0.1 saturated over UDP, and count what it answers.
 *
 *     blast PORT FILE MAX_QUERIES MAX_SECONDS        (0: no such limit)
 *
 * FILE holds messages, each behind its length in two octets; they are sent in order, round and
 * round, only the id is replaced. SOCKETS sockets keep WINDOW queries outstanding each: two full
 * batches of 64, and few enough to fit in Linux's default receive buffer, so a lost query is the
 * server's own doing. The loop never sleeps: a server that wakes a sleeping
 * client pays for it, and how often would depend on the machine.
 *
 * Prints one line: sent answered lost strange seconds, then how often each rcode 0..15 came.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 16, WINDOW = 8, SLOT_MASK = 7, MAX_MESSAGE = 4096 };
static const double TIMEOUT = 1.0, SWEEP = 0.1;

struct query {
    const uint8_t *octets;
    size_t length;
};

struct slot {
    double sent_at; /* 0: free */
    uint16_t id;    /* bits of SLOT_MASK: place of the slot; the rest: a generation */
};

struct client {
    int socket;
    struct slot slots[WINDOW];
};

static struct query *queries;
static size_t query_count;
static struct client clients[SOCKETS];
static uint64_t sent, answered, lost, strange, rcodes[16];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_queries(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat stat;
    if (file < 0 || fstat(file, &stat) < 0) die(path);
    size_t size = (size_t)stat.st_size;
    const uint8_t *octets = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (octets == MAP_FAILED) die(path);
    queries = calloc(size / 14 + 1, sizeof *queries);
    if (!queries) die("memory");
    for (size_t at = 0; at + 2 <= size;) {
        size_t length = (size_t)octets[at] << 8 | octets[at + 1];
        if (length < 12 || length > MAX_MESSAGE || at + 2 + length > size) {
            fprintf(stderr, "%s: not length-prefixed DNS messages\n", path);
            exit(1);
        }
        queries[query_count++] = (struct query){octets + at + 2, length};
        at += 2 + length;
    }
    if (!query_count) {
        fprintf(stderr, "%s: empty\n", path);
        exit(1);
    }
}

static void open_clients(uint16_t port) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int c = 0; c < SOCKETS; c++) {
        clients[c].socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (clients[c].socket < 0) die("socket");
        if (connect(clients[c].socket, (struct sockaddr *)&server, sizeof server) < 0) die("connect");
        for (int s = 0; s < WINDOW; s++) clients[c].slots[s].id = (uint16_t)s;
    }
}

static void receive(struct client *client) {
    static uint8_t octets[WINDOW][MAX_MESSAGE];
    struct mmsghdr batch[WINDOW] = {0};
    struct iovec vectors[WINDOW];
    for (int i = 0; i < WINDOW; i++) {
        vectors[i] = (struct iovec){octets[i], MAX_MESSAGE};
        batch[i].msg_hdr.msg_iov = &vectors[i];
        batch[i].msg_hdr.msg_iovlen = 1;
    }
    int count = recvmmsg(client->socket, batch, WINDOW, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        uint16_t id = (uint16_t)(octets[i][0] << 8 | octets[i][1]);
        struct slot *slot = &client->slots[id & SLOT_MASK];
        int known = batch[i].msg_len >= 12 && slot->sent_at > 0;
        if (!known || slot->id != id) {
            strange++;
            continue;
        }
        slot->sent_at = 0;
        slot->id = (uint16_t)(slot->id + SLOT_MASK + 1);
        answered++;
        rcodes[octets[i][3] & 15]++;
    }
}

/* Fill the free slots of one client with the next queries, at most `room` of them. */
static void send_queries(struct client *client, uint64_t room, double time) {
    static uint8_t octets[WINDOW][MAX_MESSAGE];
    struct mmsghdr batch[WINDOW] = {0};
    struct iovec vectors[WINDOW];
    struct slot *used[WINDOW];
    int count = 0;
    for (int s = 0; s < WINDOW && (uint64_t)count < room; s++) {
        struct slot *slot = &client->slots[s];
        if (slot->sent_at > 0) continue;
        const struct query *query = &queries[(sent + (uint64_t)count) % query_count];
        memcpy(octets[count], query->octets, query->length);
        octets[count][0] = (uint8_t)(slot->id >> 8);
        octets[count][1] = (uint8_t)slot->id;
        vectors[count] = (struct iovec){octets[count], query->length};
        batch[count].msg_hdr.msg_iov = &vectors[count];
        batch[count].msg_hdr.msg_iovlen = 1;
        used[count++] = slot;
    }
    if (!count) return;
    int taken = sendmmsg(client->socket, batch, (unsigned)count, 0);
    for (int i = 0; i < taken; i++) used[i]->sent_at = time;
    if (taken > 0) sent += (uint64_t)taken;
}

static void sweep(double time) {
    for (int c = 0; c < SOCKETS; c++)
        for (int s = 0; s < WINDOW; s++) {
            struct slot *slot = &clients[c].slots[s];
            if (slot->sent_at == 0 || time - slot->sent_at < TIMEOUT) continue;
            slot->sent_at = 0;
            slot->id = (uint16_t)(slot->id + SLOT_MASK + 1);
            lost++;
        }
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: blast PORT FILE MAX_QUERIES MAX_SECONDS\n");
        return 2;
    }
    read_queries(argv[2]);
    open_clients((uint16_t)atoi(argv[1]));
    uint64_t max_queries = strtoull(argv[3], NULL, 10);
    double seconds = atof(argv[4]), start = now(), swept = start, stopped = 0, time = start;
    if (!max_queries) max_queries = UINT64_MAX;
    while (!stopped || sent > answered + lost) {
        for (int c = 0; c < SOCKETS; c++) {
            receive(&clients[c]);
            if (!stopped) send_queries(&clients[c], max_queries - sent, time);
        }
        time = now();
        if (!stopped && (sent >= max_queries || (seconds > 0 && time - start >= seconds)))
            stopped = time;
        if (time - swept >= SWEEP) sweep(swept = time);
    }
    printf("%lu %lu %lu %lu %.6f", sent, answered, lost, strange, stopped - start);
    for (int r = 0; r < 16; r++) printf(" %lu", rcodes[r]);
    printf("\n");
    return 0;
}
