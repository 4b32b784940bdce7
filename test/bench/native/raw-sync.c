/* What a disk allows: appends so many bytes and syncs them with fdatasync, one at a time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST 2000000

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* raw-sync FILE BYTES SECONDS PAUSE_MS: prints one line of JSON. */
int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "raw-sync FILE BYTES SECONDS PAUSE_MS\n"), 2;
  size_t bytes = strtoul(argv[2], NULL, 10);
  double seconds = atof(argv[3]);
  useconds_t pause_us = (useconds_t)(atof(argv[4]) * 1e3);
  int file = open(argv[1], O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
  char *text = malloc(bytes);
  double *took = malloc(MOST * sizeof *took);
  if (file < 0 || !text || !took) return perror("raw-sync"), 1;
  /* Not all one letter: a disk that compresses must not look faster than it is. */
  for (size_t i = 0; i < bytes; i++) text[i] = (char)('!' + (i * 7919 + i / 13) % 90);
  size_t n = 0;
  double start = now_ms(), end = start;
  while (end - start < seconds * 1e3 && n < MOST) {
    double before = now_ms();
    if (write(file, text, bytes) != (ssize_t)bytes || fdatasync(file) != 0) return perror("raw-sync"), 1;
    end = now_ms();
    took[n++] = end - before;
    if (pause_us > 0) usleep(pause_us);
  }
  qsort(took, n, sizeof *took, by_size);
  printf("{\"count\":%zu,\"perSecond\":%.1f,\"p50Ms\":%.4f,\"p99Ms\":%.4f}\n", n, n / (end - start) * 1e3, took[n / 2],
         took[(size_t)(n * 0.99)]);
  return 0;
}
