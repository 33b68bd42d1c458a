#!/bin/sh
# Installs Debian packages, and leaves no service running or enabled that was not there before.
#
#   install-packages.sh PACKAGE...        as root
#
# Debian's mariadb-server starts a server on port 3306 when it is installed, and enables it for each boot. While this
# script runs, a policy forbids package scripts to start services; afterwards whatever unit the packages brought is
# disabled. Services that were installed before are left exactly as they were.
set -eu
[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
[ "$(id -u)" = 0 ] || { echo "install-packages: only root may install packages" >&2; exit 4; }

policy=/usr/sbin/policy-rc.d
mark='made by galera-schema for one installation'
work=$(mktemp -d)
clean() {
  if grep -qs "$mark" $policy; then rm -f $policy; fi
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' HUP INT TERM

services() {
  for unit in /lib/systemd/system/*.service /lib/systemd/system/*.socket /usr/lib/systemd/system/*.service \
    /usr/lib/systemd/system/*.socket /etc/init.d/*; do
    [ -e "$unit" ] && basename "$unit"
  done | sort -u
}

services > "$work/before"
# A policy that is there already (containers have one) stays.
if [ ! -e $policy ]; then
  printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" > $policy
  chmod 755 $policy
fi

export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends "$@" > "$work/log" 2>&1 || {
  status=$?
  tail -n 20 "$work/log" >&2
  exit $status
}

services > "$work/after"
comm -13 "$work/before" "$work/after" | while read -r unit; do
  # Templates have no state of their own.
  case $unit in *@.service | *@.socket) continue ;; esac
  case $unit in
    *.service | *.socket)
      if command -v systemctl > /dev/null; then
        systemctl --quiet disable "$unit" 2> /dev/null || true
        if [ -d /run/systemd/system ]; then systemctl --quiet stop "$unit" 2> /dev/null || true; fi
      elif command -v deb-systemd-helper > /dev/null; then
        deb-systemd-helper disable "$unit" > /dev/null 2>&1 || true
      fi
      ;;
    *)
      if command -v update-rc.d > /dev/null; then update-rc.d "$unit" disable > /dev/null 2>&1 || true; fi
      ;;
  esac
done
