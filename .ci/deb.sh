#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deb.sh DIR VERSION: splits what `make install` has put into DIR/tree into
# Debian packages in DIR. The maintainer is DEBFULLNAME and DEBEMAIL, as for
# Debian's own tools, else git's author. Same input, same bytes.
set -eu
out=$(cd "$1" && pwd) version=$2

for tool in dpkg-deb dpkg-shlibdeps strip; do
  command -v "$tool" >/dev/null || {
    echo "deb: needs $tool: apt-get install dpkg-dev binutils" >&2
    exit 1
  }
done

git=$(git log -1 --format='%an <%ae>|%ct' 2>/dev/null) ||
  git="TinyVMM <root@$(hostname -f)>|$(date +%s)"
maintainer=${git%|*}
[ -z "${DEBEMAIL-}" ] || maintainer="${DEBFULLNAME:-TinyVMM} <$DEBEMAIL>"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-${git##*|}}"
arch=$(dpkg --print-architecture)
umask 022

# The packages with the libraries that a file of tree/ is linked to.
needs() {
  mkdir -p "$out/debian"
  printf 'Source: tinyvmm\n\nPackage: tinyvmm\nArchitecture: any\n' \
    >"$out/debian/control"
  (cd "$out" && dpkg-shlibdeps -O "tree/$1" 2>/dev/null) |
    sed -n 's/^shlibs:Depends=//p' | grep . || {
    echo "deb: dpkg-shlibdeps cannot tell what $1 needs" >&2
    exit 1
  }
}

document() {
  cp "$license" "$1/copyright"
  printf 'tinyvmm (%s) unstable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' \
    "$version" "See CHANGELOG.md in the source." "$maintainer" \
    "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")" |
    gzip -9n >"$1/changelog.gz"
}

# package NAME SECTION DEPENDS SYNOPSIS PATH...: moves the paths out of tree/.
package() {
  name=$1 section=$2 depends=$3 synopsis=$4 root=$out/root/$1
  shift 4
  mkdir -p "$root/DEBIAN"
  for path do
    mkdir -p "$root/$(dirname "$path")"
    mv "$path" "$root/$path"
  done
  mkdir -p "$root/usr/share/doc/$name"
  document "$root/usr/share/doc/$name"
  case $name in libtinyvmm[0-9]*)
    echo "activate-noawait ldconfig" >"$root/DEBIAN/triggers"
    echo "libtinyvmm ${name#libtinyvmm} $name (>= $version)" \
      >"$root/DEBIAN/shlibs" ;;
  esac
  (cd "$root" && find usr -type f | LC_ALL=C sort | xargs md5sum) \
    >"$root/DEBIAN/md5sums"
  recommends=
  [ "$name" != tinyvmm ] || recommends="
Recommends: libedit2"
  cat >"$root/DEBIAN/control" <<END
Package: $name
Source: tinyvmm
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f1)
Depends: $depends$recommends
Section: $section
Priority: optional
Description: scriptable ARM64 virtual machine monitor - $synopsis
 A small C core exposes VM, memory and vCPU objects to Lua 5.4; scripts
 assemble guest code, register hypercall handlers and drive the run loop.
 It brings its own ARM64 CPU, which is deterministic to the instruction.
END
  dpkg-deb --root-owner-group --build "$root" \
    "$out/${name}_${version}_$arch.deb"
}

license=$PWD/LICENSE
cd "$out/tree"
lib=$(dirname usr/lib/*/libtinyvmm.a)
so=$lib/libtinyvmm.so module=$lib/lua/5.4/tinyvmm/core.so
strip --strip-unneeded -R .comment "$so.$version" "$module" usr/bin/tinyvmm
strip --strip-debug "$lib/libtinyvmm.a"
[ ! -d usr/share/man ] || find usr/share/man -type f -exec gzip -9n {} +

runtime=libtinyvmm${version%%.*}
lib_needs=$(needs "$so.$version")
lua_needs=$(needs "$module")
program_needs=$(needs usr/bin/tinyvmm)
package "$runtime" libs "$lib_needs" "shared library" "$so".*
package libtinyvmm-dev libdevel "$runtime (= $version)" "C development" \
  usr/include "$lib/libtinyvmm.a" "$so" "$lib/pkgconfig"
package lua-tinyvmm interpreters "$lua_needs" "Lua module" \
  usr/share/lua "$lib/lua"
find . -type d -empty -delete
package tinyvmm otherosfs "$program_needs" "program" usr
