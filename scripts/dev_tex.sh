#!/usr/bin/env bash
# Debian's TeX, as far as the test needs it that compiles the saved tables: pdfLaTeX with booktabs,
# xcolor and colortbl. 50 MB to download, 144 MB on disk. Needs root.
#
#   scripts/dev_tex.sh install       where any of it is missing
set -euo pipefail

readonly PACKAGES=(texlive-latex-base texlive-latex-recommended)

die() { # MESSAGE HINT
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 2
}

is_complete() {
  command -v pdflatex >/dev/null && kpsewhich booktabs.sty xcolor.sty colortbl.sty >/dev/null
}

[[ ${1:-} == install ]] || die "unknown command: ${1:-none}" "scripts/dev_tex.sh install"
if is_complete; then
  printf 'dev_tex: everything is installed already\n' >&2
  exit
fi
[[ $EUID == 0 ]] || die "TeX can be installed by root only" "run as root, or in a container"
command -v apt-get >/dev/null || die "no apt-get here" "install pdfLaTeX and booktabs by your system's own means"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >&2
apt-get -qq install -y --no-install-recommends "${PACKAGES[@]}" >&2
is_complete || die "pdfLaTeX, booktabs, xcolor or colortbl is still missing" \
  "this script is made for Debian 12's packages"
