#!/bin/sh
# Makes sure that the system's programs and files that some tests need are there, if that needs no password. Never fails:
# the tests decide.
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"

# has NAME...: whether one of these programs is there.
has() {
  for name in "$@"; do command -v "$name" >/dev/null 2>&1 && return 0; done
  return 1
}

# install WHAT_FOR PACKAGE...: installs packages of Debian.
install() {
  for_what=$1 && shift
  if has apt-get && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
    echo "Installing for the tests of $for_what: $*"
    { $as_root apt-get update -qq && \
      DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq "$@"; } >/dev/null 2>&1 && return
    echo "They could not be installed."
  fi
  echo "The tests of $for_what will be skipped. Debian: apt install $*"
}

has chromium chromium-browser google-chrome || install "the page" chromium
[ -n "$(fc-list :lang=zh 2>/dev/null)" ] || install "the page in Chinese" fontconfig fonts-wqy-zenhei
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || has initdb || install "a store in PostgreSQL" postgresql
[ -d /usr/share/wordnet ] || install "the table of nouns" wordnet-base
[ -d /usr/share/backgrounds/mate/nature ] || install "removal from photographs" mate-backgrounds
has nginx || install "a proxy" nginx-light
has caddy || install "another proxy" caddy
