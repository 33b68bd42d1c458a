#!/bin/sh
# The commands of one site: what apt and systemd are elsewhere, two unpacked servers and plain processes are here.
#   site ACTION NODE [VERSION | JOIN OPTIONS]
set -eu
dir=@DIR@
servers=@SERVERS@
action=$1 node=$2
cnf=$dir/$node/my.cnf
prefix=$(sed -n 's#^basedir = \(.*\)/usr$#\1#p' "$cnf")

# A zombie has ended.
lives() {
  [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"
}

# The process that the log names last, as long as it is a server that lives. There is no pid file yet while a server waits
# for its state transfer.
server() {
  pid=$(sed -n 's/.* as process \([0-9]*\).*/\1/p' "$dir/$node/error.log" | tail -n 1)
  [ -n "$pid" ] && grep -qs mariadbd "/proc/$pid/comm" && lives "$pid"
}

case $action in
stop)
  server || exit 0
  kill -TERM "$pid"
  # As a service manager does it with one that does not listen.
  tries=0
  while lives "$pid"; do
    sleep 0.05
    tries=$((tries + 1))
    [ $tries -ne 200 ] || kill -KILL "$pid"
  done
  ;;
prepare)
  [ -x "$servers/$3/usr/sbin/mariadbd" ] || { echo "E: Version '$3' for 'mariadb-server' was not found" >&2; exit 100; }
  ;;
install)
  ! server || { echo "E: the files of a running server are replaced" >&2; exit 99; }
  if [ -e "$dir/disk_is_full" ]; then
    # What the kernel says of a disk that is full.
    dd if="$servers/$3/usr/sbin/mariadbd" of=/dev/full bs=1M count=1 && exit 0
    exit 100
  fi
  [ -x "$servers/$3/usr/sbin/mariadbd" ] || { echo "E: Version '$3' for 'mariadb-server' was not found" >&2; exit 100; }
  sed -i "s#$servers/[^/ ]*/#$servers/$3/#g" "$cnf"
  echo "Setting up mariadb-server ($3) ..."
  ;;
check)
  "$prefix/usr/sbin/mariadbd" --defaults-file="$cnf" --user=mysql --help --verbose >/dev/null
  ;;
start)
  if [ -e "$dir/broken_binary" ]; then
    echo "mariadbd: error while loading shared libraries: libnew.so.3: cannot open shared object file" >> "$dir/$node/error.log"
    exit 127
  fi
  if server; then exit 0; fi
  # A state transfer that does not end: its script is this site's, and waits.
  transfer=
  if [ -e "$dir/endless_transfer" ]; then
    mkdir -p "$dir/bin"
    printf '#!/bin/sh\nwhile [ -e %s ]; do sleep 0.1; done\nexit 1\n' "$dir/endless_transfer" > "$dir/bin/wsrep_sst_endless"
    chmod 755 "$dir/bin" "$dir/bin/wsrep_sst_endless"
    transfer=--wsrep-sst-method=endless
  fi
  # As the ready-made sets do it: on the command line, after what the file says.
  own=$(sed -n 's/^wsrep_provider_options = //p' "$cnf")
  id=$(sed -n 's/^ *"id": "\([0-9a-f]*\)".*/\1/p' "$dir/sandbox.json")
  setsid env -i "PATH=$dir/bin:$prefix/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C HOME=/nonexistent "SCHEMA_SANDBOX_ID=$id" \
    "$prefix/usr/sbin/mariadbd" --defaults-file="$cnf" --user=mysql --wsrep-provider-options="$own;$3" $transfer \
    </dev/null >>"$dir/$node/error.log" 2>&1 &
  ;;
tables)
  "$prefix/usr/bin/mariadb-upgrade" --defaults-file="$dir/$node/client/my.cnf" --skip-write-binlog
  ;;
*)
  echo "site: what is $action?" >&2
  exit 2
  ;;
esac
