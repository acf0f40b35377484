#!/bin/sh
# Write the migrations as a C array: one string a file, in the order given. usage: embed-sql.sh FILE…
set -eu
echo '/* Made from sql/ by scripts/embed-sql.sh. */'
echo 'static const char *const migrations[] = {'
for file in "$@"; do
    printf '    /* %s */\n' "$file"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$file"
    echo '    ,'
done
echo '};'
