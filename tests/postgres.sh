#!/bin/sh
# Makes sure that there is a PostgreSQL for the tests, if that needs no password. Never fails: the tests decide.
for folder in /usr/lib/postgresql/*/bin; do
  [ -x "$folder/initdb" ] && exit 0
done
command -v initdb >/dev/null 2>&1 && exit 0
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
  echo "Installing PostgreSQL for the tests of its store."
  { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq postgresql; } \
    >/dev/null 2>&1 && exit 0
  echo "PostgreSQL could not be installed."
fi
echo "The tests of a store in PostgreSQL will be skipped: there is none. Install it (Debian: apt install postgresql)."
