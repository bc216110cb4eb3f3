/* A machine whose clock and disk do what a test says. Preloaded into a process (LD_PRELOAD); see shim.py.

   The control file is an array of little-endian int64; shim.py names the words. Everything goes past libc straight to
   the kernel, so that nothing here depends on what libc does. For 64-bit Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(void *) == 8 && sizeof(struct timespec) == 16, "for 64-bit Linux");

enum { OFFSET, SYNCHRONISED, COUNTDOWN, ERROR, STICKY, SEEN, FAILED, SHORT, DONE, WORDS };

enum verdict { PASS, FAIL, CUT };

static int64_t nowhere[WORDS];
static volatile int64_t *control = nowhere;
static const char *disk;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("SHIM_CONTROL");
    if (!path)
        return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (file < 0)
        return;
    void *mapped = mmap(NULL, WORDS * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if (mapped == MAP_FAILED)
        return;
    control = mapped;
    disk = getenv("SHIM_DISK");
    if (disk && !*disk)
        disk = NULL;
}

/* ---- the clock ---- */

int clock_gettime(clockid_t clock, struct timespec *at)
{
    long result = syscall(SYS_clock_gettime, clock, at);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && control[OFFSET]) {
        int64_t nanoseconds = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec + control[OFFSET];
        at->tv_sec = nanoseconds / 1000000000;
        at->tv_nsec = nanoseconds % 1000000000;
        if (at->tv_nsec < 0) {
            at->tv_sec--;
            at->tv_nsec += 1000000000;
        }
    }
    return (int)result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    at->tv_sec = exact.tv_sec;
    at->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (at)
        *at = exact.tv_sec;
    return exact.tv_sec;
}

static int kernel_clock(struct timex *wanted)
{
    int state = (int)syscall(SYS_adjtimex, wanted);
    if (control[SYNCHRONISED] == 0)
        return state;
    wanted->status = control[SYNCHRONISED] == 1 ? wanted->status | STA_UNSYNC : wanted->status & ~STA_UNSYNC;
    return control[SYNCHRONISED] == 1 ? TIME_ERROR : TIME_OK;
}

int adjtimex(struct timex *wanted)
{
    return kernel_clock(wanted);
}

int ntp_adjtime(struct timex *wanted)
{
    return kernel_clock(wanted);
}

/* ---- the disk ---- */

static int on_disk(const char *path)
{
    return disk && strncmp(path, disk, strlen(disk)) == 0;
}

static int file_on_disk(int file)
{
    char link[32], path[PATH_MAX];
    if (!disk || file <= 2)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return on_disk(path);
}

/* What becomes of a call on the disk. A countdown below zero is a disk that goes on failing. */
static enum verdict judge(int can_be_cut)
{
    __atomic_add_fetch(&control[SEEN], 1, __ATOMIC_SEQ_CST);
    int64_t left = __atomic_load_n(&control[COUNTDOWN], __ATOMIC_SEQ_CST);
    do {
        if (left == 0)
            return PASS;
        if (left < 0)
            break;
    } while (!__atomic_compare_exchange_n(&control[COUNTDOWN], &left, left - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if (left > 1)
        return PASS;
    if (left == 1 && can_be_cut && control[SHORT]) {
        control[COUNTDOWN] = control[STICKY] ? -1 : 1; /* its second half fails */
        return CUT;
    }
    if (control[STICKY])
        control[COUNTDOWN] = -1;
    __atomic_add_fetch(&control[FAILED], 1, __ATOMIC_SEQ_CST);
    return FAIL;
}

static int fail(void)
{
    errno = (int)control[ERROR];
    return -1;
}

/* Whether a failing call shall be done in truth, so that only its answer is wrong. */
static int done_all_the_same(void)
{
    return control[DONE] != 0;
}

#define JUDGED(FILE, CAN_BE_CUT, CALL, HALF)                                     \
    switch (file_on_disk(FILE) ? judge(CAN_BE_CUT) : PASS) {                     \
    case FAIL:                                                                   \
        if (done_all_the_same())                                                 \
            (void)CALL;                                                           \
        return fail();                                                           \
    case CUT:                                                                    \
        return HALF;                                                             \
    default:                                                                     \
        return CALL;                                                             \
    }

ssize_t write(int file, const void *bytes, size_t length)
{
    JUDGED(file, length > 1, syscall(SYS_write, file, bytes, length), syscall(SYS_write, file, bytes, length / 2))
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at)
{
    JUDGED(file, length > 1, syscall(SYS_pwrite64, file, bytes, length, at),
           syscall(SYS_pwrite64, file, bytes, length / 2, at))
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
    return pwrite(file, bytes, length, at);
}

int ftruncate(int file, off_t length)
{
    JUDGED(file, 0, (int)syscall(SYS_ftruncate, file, length), 0)
}

int ftruncate64(int file, off64_t length)
{
    return ftruncate(file, length);
}

int fsync(int file)
{
    JUDGED(file, 0, (int)syscall(SYS_fsync, file), 0)
}

int fdatasync(int file)
{
    JUDGED(file, 0, (int)syscall(SYS_fdatasync, file), 0)
}

static int open_file(int folder, const char *path, int flags, mode_t mode)
{
    if ((flags & O_CREAT) && on_disk(path) && judge(0) == FAIL)
        return fail();
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define WITH_MODE(FLAGS)                                                         \
    mode_t mode = 0;                                                             \
    if ((FLAGS) & (O_CREAT | __O_TMPFILE)) {                                     \
        va_list more;                                                            \
        va_start(more, FLAGS);                                                   \
        mode = va_arg(more, mode_t);                                             \
        va_end(more);                                                            \
    }

int open(const char *path, int flags, ...)
{
    WITH_MODE(flags)
    return open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    WITH_MODE(flags)
    return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    WITH_MODE(flags)
    return open_file(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    WITH_MODE(flags)
    return open_file(folder, path, flags, mode);
}
