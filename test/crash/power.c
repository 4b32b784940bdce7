/*
 * What of a folder would survive a power cut: preloaded into the agent, notes in a shared file which bytes and names were synced.
 *
 * A note is one line, ">sync INODE SIZE" and the like; power-cut.ts reads them after the process was killed. The file is a
 * mapping, so that noting is no system call: nothing that is counted or made to fail by others is disturbed, and what was
 * noted before a SIGKILL is there. Names that are removed or replaced are kept as links in a graveyard, so that it can be undone.
 *
 * POWER_FOLDER  the folder; others are left alone
 * POWER_NOTES   the shared file, as long as it will ever be
 * POWER_GRAVES  a folder on the same file system; without one, removals last at once, and so does all before them
 * POWER_SYNC    "drop": syncs do nothing and say that they did; a number: they take so many milliseconds
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NOTE_MOST (2 * PATH_MAX + 256)
#define GRAVE_MOST 32

/* The first line of the file is its length in use, so that the next process goes on behind the last. */
struct notes {
  _Atomic uint64_t used;
  char text[];
};

static struct notes *notes;
static size_t room;
static const char *folder, *graves;
static size_t folder_length;
static int drops;
static long slow_ms;
static _Atomic unsigned grave_count;

static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_open64)(const char *, int, ...);
static FILE *(*real_fopen64)(const char *, const char *);

__attribute__((constructor)) static void begin(void) {
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_open64 = dlsym(RTLD_NEXT, "open64");
  real_fopen64 = dlsym(RTLD_NEXT, "fopen64");
  folder = getenv("POWER_FOLDER");
  graves = getenv("POWER_GRAVES");
  const char *path = getenv("POWER_NOTES"), *sync = getenv("POWER_SYNC");
  if (!folder || !path) return;
  folder_length = strlen(folder);
  drops = sync && strcmp(sync, "drop") == 0;
  slow_ms = sync && !drops ? atol(sync) : 0;
  int file = real_open64(path, O_RDWR | O_CLOEXEC);
  struct stat about;
  if (file < 0 || fstat(file, &about) != 0) return;
  void *mapped = mmap(NULL, about.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return;
  room = about.st_size - sizeof(struct notes);
  notes = mapped;
}

static int is_ours(const char *path) {
  return notes && strncmp(path, folder, folder_length) == 0 && path[folder_length] == '/';
}

/* Whoever reads takes a line with a zero in it for one that was cut off: its room was taken and the process died. */
__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
  char line[NOTE_MOST];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (!notes || length < 0 || (size_t)length >= sizeof line) return;
  uint64_t at = atomic_fetch_add(&notes->used, length);
  if (at + length <= room) memcpy(notes->text + at, line, length);
}

/* Keeps what a name stands for, and says under which name it lies: "none" where there is nothing to keep, "unkept" where it
 * could not be kept, so that what happens to the name now cannot be undone. */
static void bury(const char *path, char grave[GRAVE_MOST]) {
  char link_path[PATH_MAX];
  if (access(path, F_OK) != 0) {
    strcpy(grave, "none");
    return;
  }
  snprintf(grave, GRAVE_MOST, "%d-%u", (int)getpid(), atomic_fetch_add(&grave_count, 1) + 1);
  snprintf(link_path, sizeof link_path, "%s/%s", graves ? graves : "", grave);
  if (!graves || link(path, link_path) != 0) strcpy(grave, "unkept");
}

static int synced(int file, int (*real)(int)) {
  struct stat before;
  int known = notes && fstat(file, &before) == 0;
  if (known && drops) return 0;
  if (known && slow_ms > 0) {
    struct timespec pause = {slow_ms / 1000, slow_ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
  }
  int result = real(file);
  int error = errno;
  /* What was there when the call began is there for good; what others wrote meanwhile may be. A kernel whose write-back
   * failed drops the pages and says so once: nothing that is written to that file later mends it. */
  if (known && result == 0) note(">sync %lu %ld\n", (unsigned long)before.st_ino, (long)before.st_size);
  else if (known) note(">failed %lu\n", (unsigned long)before.st_ino);
  errno = error;
  return result;
}

int fsync(int file) { return synced(file, real_fsync); }
int fdatasync(int file) { return synced(file, real_fdatasync); }

int unlink(const char *path) {
  if (!is_ours(path)) return real_unlink(path);
  char grave[GRAVE_MOST];
  bury(path, grave);
  int result = real_unlink(path);
  int error = errno;
  if (result == 0) note(">unlink %s\t%s\n", grave, path);
  errno = error;
  return result;
}

int rename(const char *from, const char *to) {
  if (!is_ours(from) || !is_ours(to)) return real_rename(from, to);
  char grave[GRAVE_MOST];
  bury(to, grave);
  int result = real_rename(from, to);
  int error = errno;
  if (result == 0) note(">rename %s\t%s\t%s\n", grave, from, to);
  errno = error;
  return result;
}

static void opened(int file, const char *path, int was_there) {
  struct stat about;
  if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return;
  if (!was_there) note(">made %lu\t%s\n", (unsigned long)about.st_ino, path);
  else if (about.st_size == 0) note(">emptied %lu\t%s\n", (unsigned long)about.st_ino, path);
}

int open64(const char *path, int flags, ...) {
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  int counts = (flags & (O_CREAT | O_TRUNC)) && is_ours(path);
  int was_there = counts && access(path, F_OK) == 0;
  int file = real_open64(path, flags, mode);
  int error = errno;
  if (counts) opened(file, path, was_there);
  errno = error;
  return file;
}

FILE *fopen64(const char *path, const char *how) {
  int counts = (how[0] == 'w' || how[0] == 'a') && is_ours(path);
  int was_there = counts && access(path, F_OK) == 0;
  FILE *file = real_fopen64(path, how);
  int error = errno;
  if (counts && file) opened(fileno(file), path, was_there);
  errno = error;
  return file;
}
