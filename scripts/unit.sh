#!/bin/sh
# The unit tvsd.service, or with `instance` tvsd@.service, from systemd/tvsd.service. Prints it.
# usage: unit.sh service|instance SBINDIR SYSCONFDIR LIBDIR
set -eu
unit=$(dirname "$0")/../systemd/tvsd.service
paths() { sed -e "s|@SBINDIR@|$1|g" -e "s|@SYSCONFDIR@|$2|g" -e "s|@LIBDIR@|$3|g"; }
# An instance has a configuration, a state folder and a runtime folder of its own, and opens server.listen itself: no
# socket unit could know its addresses. PART-BEGIN and PART-END are lines of the unit.
instance() {
    cat <<'END'
# One tvsd of several on this host, each a node of its own with an address of its own: tvsd@NAME has the configuration
# tvs/NAME.yaml, in which node.name, server.listen, trust_lists.directory and
#   state: /var/lib/tvs-NAME
# stand, and `tvsctl --config …/tvs/NAME.yaml` is its tvsctl. Made from tvsd.service, whose comments it keeps.
END
    sed -e '/^# Its port: systemd listens/,/^Sockets=/d' -e '/^# No network but the sockets/,/^RestrictAddressFamilies=/d' \
        -e 's|^Description=.*|&, node %i|' -e 's|/tvs/tvsd\.yaml|/tvs/%i.yaml|' \
        -e 's|^StateDirectory=tvs$|&-%i|' -e 's|^RuntimeDirectory=tvsd$|&-%i|' -e 's/systemctl edit tvsd\|systemctl kill -s HUP tvsd/&@%i/' \
        -e 's|^InaccessiblePaths=|&-/var/lib/tvs |' -e 's|^# Nothing of the boot loader\.|# Nothing of the boot loader, nor of the tvsd without a name.|' \
        -e 's|^# No devices but|# It opens what server.listen names; AF_UNIX is for the service manager, syslog and the control socket.\nRestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n\n&|' "$unit"
}
case $1 in
service) paths "$2" "$3" "$4" <"$unit" ;;
instance) instance | paths "$2" "$3" "$4" ;;
*) exit 2 ;;
esac
