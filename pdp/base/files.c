/* files.c — file seam
 *
 * Reading asks the descriptor, not the path, what it is: a path may lead elsewhere a moment later.
 * A file that grows while it is read is read up to the caller's bound; one that shrinks is read as
 * it is. While a descriptor is open the arena's guard is ours: it closes the descriptor and jumps
 * on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- errors and paths ---- */

/* Names that C functions take; the text may not hold NUL. False when it does not fit. */
static bool path_to_c(str path, char out[PATH_MAX])
{
    if (path.len == 0 || path.len >= PATH_MAX || str_find_byte(path, '\0') >= 0) {
        return false;
    }
    memcpy(out, path.ptr, (size_t)path.len);
    out[path.len] = '\0';
    return true;
}

static cardea_status fail(cardea_status status, const char *reason, str *error)
{
    if (error != NULL) {
        *error = str_from_c(reason);
    }
    return status;
}

/* The system's reason; strerrordesc_np gives constant text without the locale. */
static cardea_status fail_errno(int code, str *error)
{
    const char *reason = strerrordesc_np(code);
    bool absent = code == ENOENT || code == ENOTDIR;
    return fail(absent ? CARDEA_ENOTFOUND : CARDEA_EIO, reason != NULL ? reason : "unknown error",
                error);
}

/* ---- reading a file ---- */

/* Reads to the end of the file, at most max_bytes; the text is followed by one NUL byte. */
static cardea_status read_open(struct arena *arena, int fd, isize max_bytes, str *out, str *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return fail_errno(errno, error);
    }
    if (S_ISDIR(info.st_mode)) {
        return fail(CARDEA_EIO, "Is a directory", error);
    }
    bool sized = S_ISREG(info.st_mode);
    if (sized && info.st_size > max_bytes) {
        return fail(CARDEA_ELIMIT, "file is too large", error);
    }
    struct sb text = sb_new(arena);
    sb_reserve(&text, sized ? (isize)info.st_size + 2 : 4096);
    for (;;) {
        sb_reserve(&text, 2); /* one byte to see the end, one for the NUL */
        ssize_t got = read(fd, text.ptr + text.len, (size_t)(text.cap - text.len - 1));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail_errno(errno, error);
        }
        if (got == 0) {
            break;
        }
        text.len += got;
        if (text.len > max_bytes) {
            return fail(CARDEA_ELIMIT, "file is too large", error);
        }
    }
    text.ptr[text.len] = '\0';
    *out = (str){ text.ptr, text.len };
    return CARDEA_OK;
}

cardea_status file_read(struct arena *arena, str path, isize max_bytes, str *out, str *error)
{
    char name[PATH_MAX];
    if (!path_to_c(path, name)) {
        return fail(CARDEA_ENOTFOUND, "not a usable file name", error);
    }
    const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return fail_errno(errno, error);
    }
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        (void)arena_guard_set(arena, outer); /* back to the caller's */
        (void)close(fd);                     /* nothing was written that could be lost */
        arena_overflow(arena);
    }
    cardea_status status = read_open(arena, fd, max_bytes, out, error);
    (void)arena_guard_set(arena, outer);
    (void)close(fd);
    return status;
}

/* ---- reading a directory ---- */

static int compare_entries(const void *a, const void *b)
{
    return str_cmp(((const struct dir_entry *)a)->name, ((const struct dir_entry *)b)->name);
}

/* What the name leads to; a link to nothing is FILE_OTHER. */
static uint8_t kind_of(int dir_fd, const char *name, bool *is_link)
{
    struct stat info;
    *is_link = fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
    if (fstatat(dir_fd, name, &info, 0) != 0) {
        return FILE_OTHER;
    }
    return S_ISREG(info.st_mode)   ? FILE_REGULAR
           : S_ISDIR(info.st_mode) ? FILE_DIRECTORY
                                   : FILE_OTHER;
}

static cardea_status list_open(struct arena *arena, DIR *dir, struct dir_list *out, str *error)
{
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(dir);
        if (found == NULL && errno != 0) {
            return fail_errno(errno, error);
        }
        if (found == NULL) {
            break;
        }
        str name = str_from_c(found->d_name);
        if (str_eq(name, S(".")) || str_eq(name, S(".."))) {
            continue;
        }
        bool is_link;
        uint8_t kind = kind_of(dirfd(dir), found->d_name, &is_link);
        *vec_push(arena, &out->list) =
            (struct dir_entry){ .name = str_copy(arena, name), .kind = kind, .is_link = is_link };
    }
    if (out->list.len > 1) {
        qsort(out->list.ptr, (size_t)out->list.len, sizeof(*out->list.ptr), compare_entries);
    }
    return CARDEA_OK;
}

cardea_status dir_read(struct arena *arena, str path, struct dir_list *out, str *error)
{
    char name[PATH_MAX];
    *out = (struct dir_list){ .list = { .len = 0 } };
    if (!path_to_c(path, name)) {
        return fail(CARDEA_ENOTFOUND, "not a usable file name", error);
    }
    DIR *const dir = opendir(name);
    if (dir == NULL) {
        return fail_errno(errno, error);
    }
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        (void)arena_guard_set(arena, outer); /* back to the caller's */
        (void)closedir(dir);                 /* nothing was written that could be lost */
        arena_overflow(arena);
    }
    cardea_status status = list_open(arena, dir, out, error);
    (void)arena_guard_set(arena, outer);
    (void)closedir(dir);
    return status;
}

/* ---- writing a file ---- */

static bool write_all(int fd, str bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.ptr, (size_t)bytes.len);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        if (put > 0) {
            bytes = str_slice(bytes, put, bytes.len);
        }
    }
    return true;
}

/* Permissions of the file that is replaced, else what the process gives to new files. */
static mode_t mode_for(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_mode & 0777 : 0666;
}

/* Makes the rename itself lasting. */
static bool flush_directory(const char *path)
{
    char parent[PATH_MAX];
    str p = str_from_c(path);
    isize slash = str_rfind(p, S("/"));
    str dir = slash < 0 ? S(".") : slash == 0 ? S("/") : str_slice(p, 0, slash);
    if (!path_to_c(dir, parent)) {
        return false;
    }
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool ok = fsync(fd) == 0 || errno == EINVAL; /* some file systems cannot, and need not */
    (void)close(fd);
    return ok;
}

/* Fills a new file; 0 or the system's error number. */
static int write_new(const char *path, mode_t mode, str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return errno;
    }
    int code = write_all(fd, bytes) && fsync(fd) == 0 ? 0 : errno;
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    if (code != 0) {
        (void)unlink(path); /* the error that matters is the first */
    }
    return code;
}

cardea_status file_write(str path, str bytes, str *error)
{
    static atomic_uint counter; /* two writers of one process must not share a temporary file */
    char name[PATH_MAX], temporary[PATH_MAX];
    if (!path_to_c(path, name)) {
        return fail(CARDEA_EIO, "not a usable file name", error);
    }
    int len = snprintf(temporary, sizeof(temporary), "%s.tmp%ld-%u", name, (long)getpid(),
                       atomic_fetch_add(&counter, 1));
    if (len < 0 || len >= (int)sizeof(temporary)) {
        return fail(CARDEA_EIO, "not a usable file name", error);
    }
    int code = write_new(temporary, mode_for(name), bytes);
    if (code != 0) {
        return fail_errno(code, error);
    }
    if (rename(temporary, name) != 0) {
        code = errno;
        (void)unlink(temporary); /* the error that matters is the first */
        return fail_errno(code, error);
    }
    return flush_directory(name) ? CARDEA_OK : fail_errno(errno, error);
}
