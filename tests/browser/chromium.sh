#!/bin/sh
# Makes sure that there is a Chromium for the browser tests, if that needs no password. Never fails: the tests decide.
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
  echo "Installing Chromium for the browser tests."
  { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq chromium; } \
    >/dev/null 2>&1 && exit 0
  echo "Chromium could not be installed."
fi
echo "The browser tests will be skipped: there is no Chromium. Install it (Debian: apt install chromium) to run them."
