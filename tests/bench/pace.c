/* pace - ask a DNS server on 127.0.0.1 so many queries a second over UDP, and time each answer.
 *
 *     pace PORT FILE RATE SECONDS > RECORDS
 *
 * FILE holds messages as for blast; they are sent in order, round and round, only the id is
 * replaced. Each leaves when it is due, whether or not others were answered: a server that stops
 * for a while is charged for every query that waits. Both times are CLOCK_REALTIME, the second one
 * the kernel's, at which the response arrived: a generator that has to wait for its core does not
 * make the server slower. Ends at SIGTERM too.
 *
 * RECORDS: for each query, in order, when it was sent (ns, int64), what the answer took (ns,
 * int64; -1: none came within a second) and its rcode (int64), in the machine's byte order.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 8, MAX_MESSAGE = 4096, BUFFER = 4 << 20 };
static const int64_t SECOND = 1000000000, PATIENCE = 1000000000;

struct record {
    int64_t sent_at, took, rcode;
};

static const uint8_t **queries;
static size_t query_count;
static struct pollfd sockets[SOCKETS];
static struct record *records;
static volatile sig_atomic_t told_to_end;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void end(int number) {
    (void)number;
    told_to_end = 1;
}

static int64_t now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
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
    for (size_t at = 0; at + 2 <= size; at += 2 + (size_t)(octets[at] << 8 | octets[at + 1]))
        queries[query_count++] = octets + at;
}

static void open_sockets(uint16_t port) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1, room = BUFFER;
    for (int s = 0; s < SOCKETS; s++) {
        int one = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (one < 0) die("socket");
        setsockopt(one, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        if (setsockopt(one, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) die("timestamps");
        if (connect(one, (struct sockaddr *)&server, sizeof server) < 0) die("connect");
        sockets[s] = (struct pollfd){.fd = one, .events = POLLIN};
    }
}

static void ask(int64_t number) {
    const uint8_t *query = queries[(size_t)number % query_count];
    size_t length = (size_t)(query[0] << 8 | query[1]);
    uint8_t octets[MAX_MESSAGE];
    if (length > sizeof octets) return;
    memcpy(octets, query + 2, length);
    octets[0] = (uint8_t)(number >> 8);
    octets[1] = (uint8_t)number;
    records[number] = (struct record){now(CLOCK_REALTIME), -1, -1};
    send(sockets[number % SOCKETS].fd, octets, length, 0);
}

/* Take in all responses at one socket; `sent` queries have left so far. */
static void listen_to(int descriptor, int64_t sent) {
    uint8_t octets[MAX_MESSAGE];
    char control[CMSG_SPACE(sizeof(struct timespec))];
    for (;;) {
        struct iovec vector = {octets, sizeof octets};
        struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        ssize_t length = recvmsg(descriptor, &message, 0);
        if (length < 12) {
            if (length < 0) return;
            continue;
        }
        int64_t id = octets[0] << 8 | octets[1], number = ((sent - 1) & ~(int64_t)0xffff) | id;
        if (number >= sent) number -= 0x10000;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        if (number < 0 || !head || records[number].took >= 0) continue;
        struct timespec arrived;
        memcpy(&arrived, CMSG_DATA(head), sizeof arrived);
        int64_t took = arrived.tv_sec * SECOND + arrived.tv_nsec - records[number].sent_at;
        if (took > PATIENCE) continue;
        records[number].took = took < 0 ? 0 : took;
        records[number].rcode = octets[3] & 15;
    }
}

int main(int argc, char **argv) {
    double rate = argc == 5 ? atof(argv[3]) : 0, seconds = argc == 5 ? atof(argv[4]) : 0;
    if (rate <= 0 || rate > 50000 || seconds <= 0) {
        fprintf(stderr, "usage: pace PORT FILE RATE SECONDS\n");
        return 2;
    }
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_TIMERSLACK, 1UL);
    read_queries(argv[2]);
    if (!query_count) return 1;
    open_sockets((uint16_t)atoi(argv[1]));
    int64_t total = (int64_t)(rate * seconds), sent = 0;
    records = calloc((size_t)total, sizeof *records);
    if (!records) die("memory");
    int64_t start = now(CLOCK_MONOTONIC), over = 0;
    for (;;) {
        int64_t time = now(CLOCK_MONOTONIC);
        while (!over && sent < total && start + (int64_t)((double)sent / rate * 1e9) <= time)
            ask(sent++);
        if (!over && (sent == total || told_to_end)) over = time + PATIENCE;
        if (over && time >= over) break;
        int64_t due = over ? over : start + (int64_t)((double)sent / rate * 1e9);
        int64_t wait = due > time ? due - time : 0;
        struct timespec pause = {wait / SECOND, wait % SECOND};
        if (ppoll(sockets, SOCKETS, &pause, NULL) <= 0) continue;
        for (int s = 0; s < SOCKETS; s++)
            if (sockets[s].revents) listen_to(sockets[s].fd, sent);
    }
    return fwrite(records, sizeof *records, (size_t)sent, stdout) == (size_t)sent ? 0 : 1;
}
