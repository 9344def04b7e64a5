#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps.sh build|test: installs what is missing with the machine's package
# manager, prints every command first, uses sudo only when not root. Does
# nothing where nothing is missing.

set -u
what=${1:-build}

have() { command -v "$1" >/dev/null 2>&1; }

have_lua() {
  have pkg-config || return 1
  for brew in "${BREW-/opt/homebrew}" /usr/local; do
    PKG_CONFIG_PATH=${PKG_CONFIG_PATH-}:$brew/opt/lua@5.4/lib/pkgconfig
  done
  export PKG_CONFIG_PATH
  for p in lua5.4 lua-5.4 lua54 lua; do
    pkg-config --exists "$p >= 5.4" "$p < 5.5" 2>/dev/null && return 0
  done
  return 1
}

# Of the oracles few are for macOS; llvm's programs are linked nowhere there.
darwin() { [ "$(uname 2>/dev/null)" = Darwin ]; }

have_oracles() {
  if darwin; then
    PATH=$PATH:${BREW-/opt/homebrew}/opt/llvm/bin:/usr/local/opt/llvm/bin
    have llvm-mc && have ld.lld && have luarocks
    return
  fi
  have qemu-aarch64 && have aarch64-linux-gnu-objdump &&
    have aarch64-linux-gnu-gcc && have llvm-mc && have lua5.4 &&
    have qemu-system-aarch64 && have g++ && have clang &&
    have ld.lld && have luarocks && { have mandoc || have groff; }
}

# As root; where that cannot be had, the command is named and `refused` set.
refused=
run() {
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || {
      echo "deps: not root and no sudo; as root, run: $*" >&2
      refused=1
      return
    }
    set -- sudo "$@"
  fi
  echo "+ $*"
  "$@" || { echo "deps: '$*' failed" >&2; exit 1; }
}

apt() {
  run apt-get update
  run env DEBIAN_FRONTEND=noninteractive apt-get install -y \
    --no-install-recommends "$@"
}

# The packages by manager. "build" first, then "test".
packages() {
  case "$1 $what" in
    "apt build") echo gcc libc6-dev pkg-config lua5.4 liblua5.4-dev \
      libedit2 ;;
    "apt test") echo lua5.4 qemu-user qemu-system-arm llvm \
      binutils-aarch64-linux-gnu gcc-aarch64-linux-gnu \
      libc6-dev-arm64-cross g++ clang lld luarocks dpkg-dev mandoc ;;
    "dnf build") echo gcc pkgconf-pkg-config lua lua-devel libedit ;;
    "dnf test") echo qemu-user qemu-system-aarch64 llvm \
      binutils-aarch64-linux-gnu gcc-aarch64-linux-gnu \
      gcc-c++ clang lld luarocks ;;
    "apk build") echo gcc musl-dev pkgconf lua5.4 lua5.4-dev libedit ;;
    "apk test") echo lua5.4 qemu-aarch64 qemu-system-aarch64 llvm \
      binutils-aarch64 gcc-aarch64-none-elf g++ clang lld luarocks5.4 ;;
    "pacman build") echo gcc pkgconf lua libedit ;;
    "pacman test") echo qemu-user qemu-system-aarch64 llvm \
      aarch64-linux-gnu-binutils aarch64-linux-gnu-gcc ;;
    "brew build") echo pkg-config lua@5.4 ;;
    "brew test") echo llvm lld luarocks ;;
  esac
}

case $what in
  build) have_lua && exit 0 ;;
  test) have_oracles && exit 0 ;;
  *) echo "usage: deps.sh build|test" >&2; exit 2 ;;
esac

# Word splitting of the package list is wanted.
# shellcheck disable=SC2046
if have apt-get; then apt $(packages apt)
elif have dnf; then run dnf install -y $(packages dnf)
elif have apk; then run apk add $(packages apk)
elif have pacman; then run pacman -S --needed --noconfirm $(packages pacman)
elif have brew; then
  echo "+ brew install $(packages brew)"
  brew install $(packages brew) || exit 1
elif darwin; then
  echo "deps: there is no Homebrew in PATH; install it, then run this again," \
    "or install by hand what it would have been: $(packages brew)" >&2
  exit 1
else
  echo "deps: no package manager known here (apt, dnf, apk, pacman, brew);" \
    "install by hand: $(packages apt)" >&2
  exit 1
fi
[ -z "$refused" ]
