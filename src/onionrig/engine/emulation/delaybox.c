/* Join two network interfaces as a cable would, with a fixed delay each way.
 *
 * usage: delaybox INTERFACE INTERFACE DELAY_MICROSECONDS QUEUE_BYTES
 *
 * Stands in for the netem of kernels that lack it. Frames are taken whole: segments that the
 * sending host has left to its interface to cut up (GSO) stay uncut, with their virtio header.
 * The order is kept. A frame is lost only where QUEUE_BYTES are on their way already, or where the
 * kernel finds no free slot in the ring that it leaves frames in; both are counted, and told at
 * the end. Runs until SIGTERM; says one line once both interfaces are joined.
 *
 * The kernel stamps every frame as it comes, so a frame that waits in the ring is not late, and
 * the rings need to be looked at only every now and then: that is what keeps this cheap.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#ifndef PACKET_IGNORE_OUTGOING /* Linux 4.20 */
#define PACKET_IGNORE_OUTGOING 23
#endif

enum {
    SLOT_BYTES = 18 << 10, /* the engine keeps frames to 16 KiB (GSO), headers come on top */
    SLOTS = 1024,
    SEND_BUFFER_BYTES = 16 << 20,
};
static const int64_t LONGEST_NAP = 1000000; /* ns; the slots hold what comes meanwhile */

struct frame {
    struct frame *next;
    int64_t due; /* ns, CLOCK_MONOTONIC */
    size_t length;
    unsigned char bytes[]; /* virtio header, Ethernet frame */
};

struct direction {
    const char *from;
    int in, out; /* packet sockets */
    unsigned char *ring;
    unsigned slot; /* the next to be filled by the kernel */
    struct frame *first, **end;
    size_t queued;
    unsigned long carried, lost;
};

static volatile sig_atomic_t told_to_end;
static int64_t delay, nap; /* ns */
static size_t most_queued;

static void fail(const char *what, const char *subject) {
    fprintf(stderr, "delaybox: %s %s: %s\n", what, subject, strerror(errno));
    exit(1);
}

static int64_t now(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void set(int socket, int option, const void *value, socklen_t size, const char *name) {
    if (setsockopt(socket, SOL_PACKET, option, value, size))
        fail("cannot set up", name);
}

/* Open an interface for every frame that comes in on it; let the kernel leave them in a ring. */
static int opened(const char *name, unsigned char **ring) {
    int one = 1, version = TPACKET_V2, room = SEND_BUFFER_BYTES;
    int handle = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (handle < 0)
        fail("no packet socket for", name);
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    address.sll_ifindex = (int)if_nametoindex(name);
    if (!address.sll_ifindex)
        fail("there is no interface", name);
    struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    struct tpacket_req slots = {
        .tp_frame_size = SLOT_BYTES,
        .tp_frame_nr = SLOTS,
        .tp_block_size = 2 * SLOT_BYTES, /* whole pages */
        .tp_block_nr = SLOTS / 2,
    };
    set(handle, PACKET_ADD_MEMBERSHIP, &all, sizeof all, name);
    set(handle, PACKET_IGNORE_OUTGOING, &one, sizeof one, name);
    set(handle, PACKET_VNET_HDR, &one, sizeof one, name);
    set(handle, PACKET_VERSION, &version, sizeof version, name);
    set(handle, PACKET_RX_RING, &slots, sizeof slots, name);
    /* refused within a user namespace: then a full link beyond is felt a little earlier */
    setsockopt(handle, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    *ring = mmap(NULL, (size_t)SLOT_BYTES * SLOTS, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (*ring == MAP_FAILED || bind(handle, (struct sockaddr *)&address, sizeof address))
        fail("cannot listen on", name);
    return handle;
}

static void queue(struct direction *way, const struct tpacket2_hdr *slot, int64_t age) {
    size_t length = slot->tp_snaplen + sizeof(struct virtio_net_hdr);
    if (slot->tp_len > slot->tp_snaplen || way->queued + length > most_queued) {
        way->lost++;
        return;
    }
    struct frame *frame = malloc(sizeof *frame + length);
    if (!frame)
        fail("no memory for frames of", way->from);
    age = age < 0 ? 0 : age > delay ? delay : age;
    *frame = (struct frame){.due = now(CLOCK_MONOTONIC) + delay - age, .length = length};
    memcpy(frame->bytes, (const char *)slot + slot->tp_mac - sizeof(struct virtio_net_hdr), length);
    *way->end = frame;
    way->end = &frame->next;
    way->queued += length;
}

static void take_in(struct direction *way) {
    int64_t at = now(CLOCK_REALTIME);
    for (;;) {
        struct tpacket2_hdr *slot = (void *)(way->ring + (size_t)way->slot * SLOT_BYTES);
        if (!(__atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
            return;
        queue(way, slot, at - (slot->tp_sec * INT64_C(1000000000) + slot->tp_nsec));
        __atomic_store_n(&slot->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        way->slot = (way->slot + 1) % SLOTS;
    }
}

/* Send what is due, give or take half a nap. */
static void give_out(struct direction *way, int64_t at) {
    while (way->first && way->first->due <= at + nap / 2) {
        struct frame *frame = way->first;
        if (send(way->out, frame->bytes, frame->length, 0) >= 0)
            way->carried++;
        else if (errno == EAGAIN || errno == ENOBUFS)
            return; /* the interface takes no more just now */
        else
            way->lost++;
        way->queued -= frame->length;
        way->first = frame->next;
        if (!way->first)
            way->end = &way->first;
        free(frame);
    }
}

/* Sleep a nap; while nothing is on its way, until something comes. A wake-up costs more than all
 * that is done in it, so there is none for each frame. */
static void rest(const struct direction *ways, int64_t at) {
    if (!ways[0].first && !ways[1].first) {
        struct pollfd sockets[2] = {
            {.fd = ways[0].in, .events = POLLIN},
            {.fd = ways[1].in, .events = POLLIN},
        };
        poll(sockets, 2, 500); /* a signal between the look and the poll waits no longer */
        return;
    }
    at += nap;
    struct timespec until = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void tell(struct direction *way) {
    struct tpacket_stats missed = {0};
    socklen_t size = sizeof missed;
    getsockopt(way->in, SOL_PACKET, PACKET_STATISTICS, &missed, &size);
    printf("from %s: %lu frames carried, %lu lost, %u missed\n", way->from, way->carried,
           way->lost, missed.tp_drops);
}

static void end(int number) {
    (void)number;
    told_to_end = 1;
}

int main(int count, char **given) {
    if (count != 5) {
        fprintf(stderr, "usage: delaybox INTERFACE INTERFACE DELAY_MICROSECONDS QUEUE_BYTES\n");
        return 2;
    }
    delay = atoll(given[3]) * 1000;
    most_queued = strtoull(given[4], NULL, 10);
    nap = delay / 20 < LONGEST_NAP ? delay / 20 : LONGEST_NAP;
    struct direction ways[2] = {{.from = given[1]}, {.from = given[2]}};
    for (int i = 0; i < 2; i++) {
        ways[i].in = ways[1 - i].out = opened(ways[i].from, &ways[i].ring);
        ways[i].end = &ways[i].first;
    }
    struct sigaction ending = {.sa_handler = end};
    sigaction(SIGTERM, &ending, NULL);
    sigaction(SIGINT, &ending, NULL);
    prctl(PR_SET_TIMERSLACK, 1000UL); /* ns; 50 us otherwise */
    printf("delaying %s and %s\n", ways[0].from, ways[1].from);
    fflush(stdout);
    while (!told_to_end) {
        int64_t at = now(CLOCK_MONOTONIC);
        for (int i = 0; i < 2; i++)
            take_in(&ways[i]);
        for (int i = 0; i < 2; i++)
            give_out(&ways[i], at);
        rest(ways, at);
    }
    for (int i = 0; i < 2; i++)
        tell(&ways[i]);
    return 0;
}
