#include "person.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

const char *person_name(void)
{
    const char *caller = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    if (caller != NULL && caller[0] != '\0')
        return caller;
    const struct passwd *user = getpwuid(getuid());
    return user != NULL ? user->pw_name : "";
}
