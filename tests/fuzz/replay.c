/* main() of a fuzzer that runs inputs once, for compilers without libFuzzer: fuzz_X FILE|FOLDER… */
#include "fuzz.h"
#include "tests/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_file(const char *path)
{
    char from_here[4096];
    ck_assert_int_lt(snprintf(from_here, sizeof from_here, "%s%s", path[0] == '/' ? "" : "./", path),
                     (int)sizeof from_here);
    struct trust_bytes input = fixture_read(from_here);
    LLVMFuzzerTestOneInput(input.data, input.len);
    fixture_free(input);
}

static int run_folder(const char *path, DIR *folder)
{
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_int_lt(snprintf(file, sizeof file, "%s/%s", path, entry->d_name), (int)sizeof file);
        run_file(file);
        count++;
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder != NULL) {
            count += run_folder(argv[i], folder);
        } else {
            run_file(argv[i]);
            count++;
        }
    }
    printf("%d inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
