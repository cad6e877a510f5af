#!/usr/bin/env bash
# Debian's Chromium, for the tests that open a report in a real browser, with a font that has the
# signs of the tables. 110 MB to download, 400 MB on disk. Needs root.
#
#   scripts/dev_browser.sh install       where any of it is missing
set -euo pipefail

readonly PACKAGES=(chromium fonts-dejavu-core)

die() { # MESSAGE HINT
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 2
}

[[ ${1:-} == install ]] || die "unknown command: ${1:-none}" "scripts/dev_browser.sh install"
if command -v chromium >/dev/null; then
  printf 'dev_browser: everything is installed already\n' >&2
  exit
fi
[[ $EUID == 0 ]] || die "Chromium can be installed by root only" "run as root, or in a container"
command -v apt-get >/dev/null || die "no apt-get here" "install Chromium by your system's own means"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >&2
apt-get -qq install -y --no-install-recommends "${PACKAGES[@]}" >&2
command -v chromium >/dev/null || die "Chromium is still missing" \
  "this script is made for Debian 12's packages"
