/* replay.c — an ordinary main for fuzz targets
 *
 * `make test` has no libFuzzer, which needs clang. It links this file to each target instead and
 * feeds it what was found before: every file of the corpus, whole and cut off after each of its
 * first bytes, because a parser breaks most easily where its input ends too early. A fault ends the
 * program by the sanitizers it is built with.
 *
 * The name of a file is printed before it is tried, so the last line before a crash names the
 * culprit.
 *
 * Neighbours: fuzz_*.c are the targets · corpus/ holds their inputs · ../run-all reads the last line
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PREFIXES = 256,               /* so many cuts of each input are tried */
    INPUT_MAX = 16 * 1024 * 1024, /* bytes; a corpus file beyond this is a mistake */
};

/* Runs the target on a copy of exactly size bytes, so that a read beyond the end is seen. */
static void try_input(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    (void)LLVMFuzzerTestOneInput(copy, size); /* the result only guides libFuzzer */
    free(copy);
}

/* Returns the file's bytes, to be freed by the caller, or NULL when it cannot be read. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }
    uint8_t *bytes = malloc(INPUT_MAX);
    *size = bytes ? fread(bytes, 1, INPUT_MAX, f) : 0;
    if (bytes != NULL && ferror(f)) {
        free(bytes);
        bytes = NULL;
    }
    (void)fclose(f); /* only read from */
    return bytes;
}

static int replay_file(const char *path)
{
    size_t size = 0;
    printf("%s\n", path);
    fflush(stdout);
    uint8_t *bytes = read_file(path, &size);
    if (bytes == NULL) {
        printf("FAIL %s cannot be read\n", path);
        return 1;
    }
    try_input(bytes, size);
    for (size_t cut = 0; cut < size && cut < PREFIXES; cut++) {
        try_input(bytes, cut);
    }
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    struct dirent **entries = NULL;
    int count = scandir(argv[1], &entries, NULL, alphasort);
    int passed = 0;
    int failed = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        if (entries[i]->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "%s/%s", argv[1], entries[i]->d_name);
            int bad = replay_file(path);
            failed += bad;
            passed += 1 - bad;
        }
        free(entries[i]);
    }
    free(entries);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
