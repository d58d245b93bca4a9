#!/bin/sh
# Makes sure that there is a Chromium for the browser tests, with a font for Chinese, if that needs no password. Never
# fails: the tests decide.
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || \
  command -v google-chrome >/dev/null 2>&1 || missing="chromium"
[ -n "$(fc-list :lang=zh 2>/dev/null)" ] || missing="$missing fontconfig fonts-wqy-zenhei"
[ -z "$missing" ] && exit 0
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
  echo "Installing for the browser tests: $missing"
  # shellcheck disable=SC2086
  { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq $missing; } \
    >/dev/null 2>&1 && exit 0
  echo "They could not be installed."
fi
echo "Without Chromium the browser tests are skipped (Debian: apt install$missing)."
