#pragma once

// What glibc hides behind _GNU_SOURCE, or Swift's Glibc module leaves out.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

static const int CLOAKROOM_O_TMPFILE = __O_TMPFILE | O_DIRECTORY;
static const int CLOAKROOM_O_DIRECT = __O_DIRECT;
static const int CLOAKROOM_O_PATH = __O_PATH;
static const int CLOAKROOM_RWF_NOWAIT = 0x00000008;

/// mallopt(3)
int mallopt(int parameter, int value);
static const int CLOAKROOM_M_TRIM_THRESHOLD = -1;
static const int CLOAKROOM_M_MMAP_THRESHOLD = -3;

/// syncfs(2)
int syncfs(int descriptor);

/// preadv2(2)
ssize_t preadv2(int descriptor, const struct iovec *vectors, int count, off_t offset, int flags);

/// fallocate(2), lseek(2)
static const int CLOAKROOM_FALLOC_FL_KEEP_SIZE = 0x01;
static const int CLOAKROOM_FALLOC_FL_PUNCH_HOLE = 0x02;
static const int CLOAKROOM_SEEK_DATA = 3;
int fallocate(int descriptor, int mode, off_t offset, off_t length);

#include <linux/fs.h>
#include <sys/ioctl.h>

/// ioctl_ficlone(2), which is variadic: Swift cannot call it.
static inline int cloakroom_clone(int destination, int source) {
    return ioctl(destination, FICLONE, source);
}

/// What the client asks of stat(2), lstat(2) and fstat(2), in a structure of its own: beside NIO's C modules Swift takes
/// theirs for the system's, and hides its members.
struct cloakroom_status {
    mode_t mode;
    long long size;
    long seconds;
    long nanoseconds;
};

static inline int cloakroom_copy_status(int code, const struct stat *from, struct cloakroom_status *to) {
    if (code != 0) return code;
    to->mode = from->st_mode;
    to->size = from->st_size;
    to->seconds = from->st_mtim.tv_sec;
    to->nanoseconds = from->st_mtim.tv_nsec;
    return 0;
}

static inline int cloakroom_stat(const char *path, struct cloakroom_status *status) {
    struct stat found;
    return cloakroom_copy_status(stat(path, &found), &found, status);
}

static inline int cloakroom_lstat(const char *path, struct cloakroom_status *status) {
    struct stat found;
    return cloakroom_copy_status(lstat(path, &found), &found, status);
}

static inline int cloakroom_fstat(int descriptor, struct cloakroom_status *status) {
    struct stat found;
    return cloakroom_copy_status(fstat(descriptor, &found), &found, status);
}
