/* The hospital's end as fast as a broker can speak: an MQTT 3.1.1 subscriber, QoS 1, that counts numbered entries and says when they came. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (4u << 20)
#define SEQ_MOST 16000000u
#define HEAD_MOST 200

static unsigned char in[BUFFER], acks[BUFFER / 16], seen[SEQ_MOST / 8 + 1];
static int sock;
static volatile sig_atomic_t is_over;

static struct {
  unsigned long messages, again, bytes, wanted, upTo, sinceTold, sinceReceipt;
} count;

/* So many entries with numbers up to `limit` are waited for; each `every` of them are told of. */
static unsigned long target, limit, every;

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void stop(int signal_number) { (void)signal_number, is_over = 1; }

static void say_all(const unsigned char *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t n = write(sock, bytes + at, length - at);
    if (n <= 0) exit(1);
    at += (size_t)n;
  }
}

static size_t put_text(unsigned char *to, const char *text) {
  size_t length = strlen(text);
  to[0] = (unsigned char)(length >> 8), to[1] = (unsigned char)length;
  memcpy(to + 2, text, length);
  return length + 2;
}

/* Only short packets are said: one byte of remaining length is enough. */
static void say(unsigned char type, const unsigned char *body, size_t length) {
  unsigned char packet[130] = {type, (unsigned char)length};
  if (length > 127) exit(2);
  memcpy(packet + 2, body, length);
  say_all(packet, length + 2);
}

static void confirm(const char *topic) {
  static unsigned short id;
  unsigned char body[128];
  char text[40];
  while (count.upTo + 1 < SEQ_MOST && seen[(count.upTo + 1) / 8] >> ((count.upTo + 1) % 8) & 1) count.upTo++;
  if (count.upTo == 0) return;
  size_t at = put_text(body, topic);
  id = (unsigned short)(id == 65535 ? 1 : id + 1);
  body[at++] = (unsigned char)(id >> 8), body[at++] = (unsigned char)id;
  int length = snprintf(text, sizeof text, "{\"upTo\":%lu}", count.upTo);
  memcpy(body + at, text, (size_t)length);
  say(0x32, body, at + (size_t)length);
}

/* The number of an entry stands near its beginning; what has none is no entry. */
static unsigned long seq_of(const unsigned char *text, size_t length) {
  static const char mark[] = "\"seq\":";
  size_t most = length < HEAD_MOST ? length : HEAD_MOST;
  for (size_t at = 0; at + sizeof mark - 1 < most; at++)
    if (memcmp(text + at, mark, sizeof mark - 1) == 0) return strtoul((const char *)text + at + sizeof mark - 1, NULL, 10);
  return 0;
}

static void take(const unsigned char *topic, size_t topic_length, const unsigned char *text, size_t length) {
  unsigned long seq = seq_of(text, length);
  long long now = now_ns();
  if (seq == 0 || seq >= SEQ_MOST) return;
  if (count.messages++ == 0) printf("first %lld\n", now);
  count.bytes += length;
  if (topic_length > 6 && memcmp(topic + topic_length - 6, "/alert", 6) == 0)
    printf("alert %lld %.*s\n", now, (int)length, (const char *)text);
  if (seen[seq / 8] >> (seq % 8) & 1) {
    count.again++;
    return;
  }
  seen[seq / 8] |= (unsigned char)(1 << seq % 8);
  count.sinceReceipt++;
  if (seq > limit) return;
  if (++count.wanted == target) printf("reached %lld\n", now);
  if (every > 0 && ++count.sinceTold == every) count.sinceTold = 0, printf("at %lu %lld\n", count.wanted, now);
}

/* Takes the whole packets of the buffer; what is left over is moved to its start. Returns its length. */
static size_t take_all(size_t held) {
  size_t at = 0, acked = 0;
  for (;;) {
    size_t left = held - at, length = 0, head = 1;
    int shift = 0, is_known = 0;
    while (head < left && head < 5 && !is_known) {
      length |= (size_t)(in[at + head] & 127) << shift, shift += 7;
      is_known = !(in[at + head++] & 128);
    }
    if (!is_known || left < head + length) break;
    unsigned char type = in[at];
    const unsigned char *body = in + at + head;
    if (type >> 4 == 3) {
      size_t topic_length = (size_t)(body[0] << 8 | body[1]), skip = 2 + topic_length;
      if (type & 6) {
        unsigned char ack[4] = {0x40, 2, body[skip], body[skip + 1]};
        memcpy(acks + acked, ack, 4), acked += 4, skip += 2;
      }
      take(body + 2, topic_length, body + skip, length - skip);
    } else if (type >> 4 == 9) printf("ready\n");
    at += head + length;
    if (acked + 4 > sizeof acks) say_all(acks, acked), acked = 0;
  }
  if (acked > 0) say_all(acks, acked);
  memmove(in, in + at, held - at);
  return held - at;
}

/* sink PORT FILTER TARGET LIMIT EVERY [RECEIPT_TOPIC RECEIPT_EVERY]: says `reached` at so many entries, `at` after each EVERY. */
int main(int argc, char **argv) {
  if (argc < 6) return fprintf(stderr, "sink PORT FILTER TARGET LIMIT EVERY [RECEIPT_TOPIC RECEIPT_EVERY]\n"), 2;
  target = strtoul(argv[3], NULL, 10), limit = strtoul(argv[4], NULL, 10), every = strtoul(argv[5], NULL, 10);
  unsigned long receipts = argc > 7 ? strtoul(argv[7], NULL, 10) : 0;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  struct sigaction on_stop = {.sa_handler = stop};
  sigaction(SIGTERM, &on_stop, NULL);
  setvbuf(stdout, NULL, _IOLBF, 1 << 16);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sock = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (connect(sock, (struct sockaddr *)&to, sizeof to) != 0) return perror("sink"), 1;
  unsigned char body[130] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0};
  say(0x10, body, 10 + put_text(body + 10, "bench-sink"));
  body[0] = 0, body[1] = 1;
  size_t length = 2 + put_text(body + 2, argv[2]);
  body[length++] = 1;
  say(0x82, body, length);
  for (size_t held = 0; !is_over;) {
    ssize_t n = read(sock, in + held, BUFFER - held);
    if (n == 0) break;
    if (n < 0) continue;
    held = take_all(held + (size_t)n);
    if (receipts > 0 && count.sinceReceipt >= receipts) count.sinceReceipt = 0, confirm(argv[6]);
  }
  printf("total {\"messages\":%lu,\"wanted\":%lu,\"again\":%lu,\"bytes\":%lu,\"atNs\":%lld}\n", count.messages, count.wanted,
         count.again, count.bytes, now_ns());
  return 0;
}
