/* exchange A B: what lies at the two paths changes places, whatever it is, for the end-to-end tests: at once
 * where the file system can do that, else as fast as may be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char aside[4096];
    if (argc != 3 || snprintf(aside, sizeof aside, "%s.aside", argv[1]) >= (int)sizeof aside)
        return EXIT_FAILURE;
    if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0)
        return EXIT_SUCCESS;
    if ((errno == EINVAL || errno == ENOSYS) && rename(argv[2], aside) == 0 &&
        rename(argv[1], argv[2]) == 0 && rename(aside, argv[1]) == 0)
        return EXIT_SUCCESS;
    perror("exchange");
    return EXIT_FAILURE;
}
