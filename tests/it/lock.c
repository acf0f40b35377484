/* lock STORE write|all, for the end-to-end tests: hold a store as another program may, against those who
 * write, or against all. Says "locked" when it does, and holds it until its standard input ends. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK)
        return;
    fprintf(stderr, "lock: %s: %s\n", sql, why);
    exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    sqlite3 *db;
    if (argc != 3 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return EXIT_FAILURE;
    if (strcmp(argv[2], "all") == 0)
        run(db, "PRAGMA locking_mode = EXCLUSIVE");
    run(db, "BEGIN EXCLUSIVE");
    puts("locked");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    sqlite3_close(db);
    return EXIT_SUCCESS;
}
