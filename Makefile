# SPDX-License-Identifier: MIT
#
# TinyVMM. `make help` lists the targets. MODE=rel|dbg|asan|tsan builds side
# by side in build/$(MODE); CC=clang works as well.

MODE ?= rel
CC = gcc
B := build/$(MODE)

# Cross-building: CC and AR for the target, LUA_CFLAGS and LUA_LIBS for its
# Lua, B for a place of its own; HOST_CC makes the tools that run here.
HOST_CC = $(CC)

# Lua 5.4 by pkg-config. Recursive variables: looked up when first used, so
# that `make deps run` finds what deps has just installed.
# Homebrew keeps Lua 5.4 where only who knows finds it.
BREW = /opt/homebrew
HIDDEN := /opt/lua@5.4/lib/pkgconfig
BREWED = $(BREW)$(HIDDEN):/usr/local$(HIDDEN)
PKG_CONFIG = PKG_CONFIG_PATH="$$PKG_CONFIG_PATH:$(BREWED)" pkg-config
LUA_PC = $(shell for p in lua5.4 lua-5.4 lua54 lua; do \
  $(PKG_CONFIG) --exists "$$p >= 5.4" "$$p < 5.5" 2>/dev/null && \
  echo $$p && break; done)
HOST_LUA_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LUA_PC))
HOST_LUA_LIBS = $(shell $(PKG_CONFIG) --libs $(LUA_PC))
LUA_CFLAGS = $(HOST_LUA_CFLAGS)
LUA_LIBS = $(HOST_LUA_LIBS)

OBJCOPY = objcopy

MODE_rel := -O2 -g -fomit-frame-pointer
MODE_dbg := -O0 -g -DTV_TEST
MODE_asan := -O1 -g -DTV_TEST -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE $(MODE_$(MODE)) -fPIC $(NO_PLT) \
  -fvisibility=hidden -Wall -Wextra -Wpedantic -Wshadow -Wvla \
  -Wstrict-prototypes -Wmissing-prototypes -Isrc -MMD -MP $(CFLAGS)
comma := ,
MODE_tsan := -O1 -g -DTV_TEST -fsanitize=thread
SANITIZE = $(if $(findstring asan,$(MODE)),\
  -fsanitize=address$(comma)undefined) \
  $(if $(findstring tsan,$(MODE)),-fsanitize=thread)
LIBS = $(THREADS) $(FRAMEWORK) $(SANITIZE)

# hvf is compiled where its framework is. The modes mock, mock-asan and
# mock-tsan bring one for any machine, from tests/hvf.
MACHINE := $(shell uname -sm)
MOCK := $(findstring mock,$(MODE))
HVF := $(or $(MOCK),$(and $(filter Darwin,$(MACHINE)),\
  $(filter arm64,$(MACHINE))))
MODE_mock = $(MODE_rel) -Itests/hvf -Itests/hvf/linux
MODE_mock-asan = $(MODE_asan) -Itests/hvf -Itests/hvf/linux
MODE_mock-tsan = $(MODE_tsan) -Itests/hvf -Itests/hvf/linux
LIB_SRC := $(sort $(wildcard src/base/*.c src/core/*.c src/a64/*.c \
  src/soft/*.c src/kvm/*.c) \
  $(if $(HVF),$(wildcard src/hvf/hvf*.c),src/hvf/absent.c))
MOCK_SRC := $(if $(MOCK),$(wildcard tests/hvf/mock*.c))
# mock_trap.c has the run loop in it.
LIB_SRC := $(filter-out $(if $(MOCK),src/soft/interp.c),$(LIB_SRC))
FRAMEWORK := $(if $(HVF),$(if $(MOCK),,-framework Hypervisor))
# Of bind/, these are the program's alone.
HOST_SRC := src/bind/line.c src/bind/state.c
BIND_SRC := $(filter-out src/bind/embed.c $(HOST_SRC),\
  $(sort $(wildcard src/bind/*.c)))
LUA_SRC := $(sort $(shell find lua/tinyvmm -name '*.lua'))
LIB_OBJ := $(LIB_SRC:src/%.c=$(B)/obj/%.o) \
  $(MOCK_SRC:tests/hvf/%.c=$(B)/obj/%.o)
BIND_OBJ := $(BIND_SRC:src/%.c=$(B)/obj/%.o)
OBJ := $(LIB_OBJ) $(BIND_OBJ) $(HOST_SRC:src/%.c=$(B)/obj/%.o) \
  $(B)/obj/main.o $(B)/obj/embedded.o

PROGRAM := $(B)/tinyvmm
STATIC := $(B)/libtinyvmm.a
SHARED = $(B)/libtinyvmm$(SO)
MODULE := $(B)/lib/tinyvmm/core.so
PUBLIC := $(B)/public/libtinyvmm.a
VERSION := $(shell sed -n 's/^.define TV_VERSION "\(.*\)"/\1/p' src/tinyvmm.h)
MAJOR := $(firstword $(subst ., ,$(VERSION)))
# The mock's builds have its tests only: the others are no different there.
C_TESTS := $(if $(MOCK),$(patsubst tests/hvf/test_%.c,$(B)/tests/hvf_%,\
  $(wildcard tests/hvf/test_*.c)),$(patsubst tests/core/test_%.c,$(B)/tests/%,\
  $(wildcard tests/core/test_*.c)))
C_EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,\
  $(wildcard examples/*.c))

# How libraries are made and called, and what signs the program: on macOS only
# one with the entitlement gets a VM of hvf.
ifneq ($(filter Darwin,$(MACHINE)),)
SO := .dylib
SONAME := libtinyvmm.$(MAJOR).dylib
SOFILE := libtinyvmm.$(VERSION).dylib
SHARE = -dynamiclib -install_name $(LIBDIR)/$(SONAME)
BUNDLE := -bundle -undefined dynamic_lookup
PLACE := $(B)/place
# Where Homebrew has programs that tests ask.
TOOLS = PATH="$$PATH:$(BREW)/opt/llvm/bin:/usr/local/opt/llvm/bin" $()
SIGN = codesign -s - -f --entitlements entitlements.plist
# Functions that are newer than this macOS are called where they are there.
CFLAGS_ALL += -Wno-unguarded-availability-new
else
SO := .so
SONAME := libtinyvmm.so.$(MAJOR)
SOFILE := libtinyvmm.so.$(VERSION)
SHARE = -shared -Wl,-soname,$(SONAME)
BUNDLE := -shared
DL := -ldl
# Lua is a library: every call of its API saves a jump.
NO_PLT := -fno-plt
THREADS := -lpthread
endif

# Short lines; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)$(2)")

# With deps among the goals, nothing is built before it is through.
FIRST := $(filter deps deps-test,$(MAKECMDGOALS))

.PHONY: help all portable run test check check-hvf check-kvm check-macos
.PHONY: bench gen FORCE
.PHONY: deps deps-test clean install uninstall lua-module install-lua deb
.DEFAULT_GOAL := all

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s%s\n", $$1, $$2 }' \
	  $(firstword $(MAKEFILE_LIST))

all: $(PROGRAM) $(STATIC) $(SHARED) $(MODULE) $(PUBLIC) ## build everything

# What tests need of a build on a machine without a compiler.
portable: $(PROGRAM) $(C_TESTS) $(C_EXAMPLES) $(B)/typist ## what tests run

run: $(PROGRAM) ## run the demo guest, examples/01_hello.lua
	@$(PROGRAM) $(if $(HVF),--backend best )examples/01_hello.lua

test: all $(C_TESTS) $(C_EXAMPLES) ## run the tests (a minute or two)
	$(TOOLS)TV_BUILD=$(B) $(PROGRAM) tests/run.lua $(T)

check: ## sanitizers, sweeps and style (minutes)
	$(MAKE) MODE=asan test
	$(MAKE) MODE=dbg test
	$(MAKE) MODE=tsan test T='core/[ct]'
	TV_ORACLE_N=3000 $(MAKE) test T=oracle
	$(MAKE) check-hvf
	$(MAKE) check-macos
	$(MAKE) check-kvm

# The rooms of tests that run guests, but guest/programs: what compiled C
# computes is the software CPU's affair, which is below the mock. What is not
# for hvf says so itself (tests/backend.lua).
ON_HVF := guest/[^p] guest/p[as] lua/ why/ regress/ style/examples
# Files that want Normal memory without an MMU, which the mock can be told.
ON_RELAXED := $(patsubst tests/%.lua,%,$(shell grep -lE \
  'backend.normal\(t\)|normal = true' tests/[gw]*/*.lua))

check-hvf: ## the guest tests on hvf, over a mock of its framework
	$(MAKE) MODE=mock test T='hvf_ guest/backends'
	TINYVMM_BACKEND=hvf $(MAKE) MODE=mock test T='$(ON_HVF)'
	TV_MOCK_RELAXED=1 TINYVMM_BACKEND=hvf $(MAKE) MODE=mock test \
	  T='$(ON_RELAXED)'
	$(MAKE) MODE=mock-asan test T='hvf_ guest/backends'
	$(MAKE) MODE=mock-tsan test T='guest/backends hvf_breakpoints hvf_stop'
	TV_MOCK_RELAXED=1 $(MAKE) MODE=mock-asan test T=guest/threads
	TINYVMM_BACKEND=hvf $(MAKE) MODE=mock-asan test T=guest/monkey
	TV_MOCK_RELAXED=1 TINYVMM_BACKEND=hvf $(MAKE) MODE=mock-tsan test \
	  T='guest/threads guest/smp guest/dirty guest/gic'

check-macos: $(PROGRAM) ## the build for macOS, compiled and signed here
	@$(PROGRAM) tests/macos/_check.lua

check-kvm: $(PROGRAM) ## the tests on an emulated arm64 machine with KVM
	@$(PROGRAM) tests/kvm/_check.lua $(if $(T),'$(T)') $(if $(K),-k '$(K)')

bench: all ## print the benchmark table
	$(PROGRAM) tests/bench/bench.lua

gen: $(PROGRAM) ## rewrite the files generated from the instruction table
	$(PROGRAM) lua/tinyvmm/a64/gen.lua .

deps: ## install what the build needs (Lua 5.4), if it is missing
	@BREW=$(BREW) sh .ci/deps.sh build

deps-test: deps ## install what the tests need (qemu-user, binutils, llvm)
	@BREW=$(BREW) sh .ci/deps.sh test

clean: ## remove build/
	rm -rf build

$(B)/obj/%.o: src/%.c | $(FIRST)
	$(call say,CC      ,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(if $(filter src/main.c src/bind/%,$<),\
	  $(LUA_CFLAGS)) -c $< -o $@

$(B)/obj/mock%.o: tests/hvf/mock%.c | $(FIRST)
	$(call say,CC      ,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(B)/obj/embedded.o: $(B)/obj/embedded.c
	$(call say,CC      ,embedded.c)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(B)/obj/embedded.c: $(B)/embed $(LUA_SRC)
	$(call say,EMBED   ,lua/tinyvmm)
	$(Q)$(B)/embed $@ lua $(LUA_SRC)

$(B)/embed: src/bind/embed.c | $(FIRST)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(CFLAGS_ALL) $(HOST_LUA_CFLAGS) -MF $@.d $< -o $@ \
	  $(HOST_LUA_LIBS) $(SANITIZE)

$(STATIC): $(LIB_OBJ)
	$(call say,AR      ,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(SHARED): $(LIB_OBJ) $(PLACE)
	$(call say,LD      ,$@)
	$(Q)$(CC) $(LDFLAGS) $(SHARE) -o $@ $(LIB_OBJ) $(LIBS)

# On macOS a library says where it will be, so another place links it anew.
$(B)/place: FORCE
	@mkdir -p $(@D)
	@echo "$(LIBDIR)" | cmp -s - $@ || echo "$(LIBDIR)" >$@

FORCE:

$(MODULE): $(BIND_OBJ) $(STATIC)
	$(call say,LD      ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $(BUNDLE) -o $@ $^ $(LIBS)

$(PROGRAM): $(OBJ)
	$(call say,LD      ,$@)
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LUA_LIBS) $(DL) $(LIBS)
	$(if $(SIGN),$(Q)$(SIGN) $@)

$(B)/tests/hvf_%: tests/hvf/test_%.c $(STATIC)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -Itests -MF $@.d $< -o $@ $(STATIC) \
	  $(LIBS)

$(B)/tests/%: tests/core/test_%.c $(STATIC)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -Itests -MF $@.d $< -o $@ $(STATIC) \
	  $(LIBS)

$(B)/typist: tests/lua/typist.c | $(FIRST)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -MF $@.d $< -o $@

$(B)/examples/%: examples/%.c $(STATIC)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -MF $@.d $< -o $@ $(STATIC) $(LIBS)

# Installing. Whoever packages sets DESTDIR, which stands before every path.
PREFIX ?= /usr/local
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
DATADIR = $(PREFIX)/share
MANDIR = $(DATADIR)/man
ZSHDIR = $(DATADIR)/zsh/site-functions
GUESTDIR = $(DATADIR)/tinyvmm/guest

# Where Lua looks for modules: below its own prefix as its .pc file says,
# elsewhere in the places that a stock Lua of that prefix would have.
lua_dir = $(or $(if $(filter $(PREFIX),$(shell $(PKG_CONFIG) --variable=prefix \
  $(LUA_PC))),$(shell $(PKG_CONFIG) --variable=INSTALL_$1 $(LUA_PC))),$2)
LUA_LMOD = $(call lua_dir,LMOD,$(DATADIR)/lua/5.4)
LUA_CMOD = $(call lua_dir,CMOD,$(PREFIX)/lib/lua/5.4)

MAN_PAGES := $(wildcard src/*.1)
BASH_COMPLETION := $(wildcard src/tinyvmm.bash)
ZSH_COMPLETION := $(wildcard src/_tinyvmm)

# The guest SDK: all that guest.mk builds guests from, and nothing of the demo.
SDK_FILES := $(filter-out guest/guest.S,$(sort $(wildcard guest/*.[chS] \
  guest/*.inc guest/*.ld guest/*.mk)))

# What is installed, as mode:source:target; the mode `link` makes a symbolic
# link, `pc` fills in the paths. uninstall removes these targets.
lua_files = $(foreach f,$(LUA_SRC),644:$f:$1/$(f:lua/%=%)) \
  644:$(MODULE):$2/tinyvmm/core.so
LUA_FILES = $(call lua_files,$(LUA_LMOD),$(LUA_CMOD))
FILES = $(LUA_FILES) 755:$(PROGRAM):$(BINDIR)/tinyvmm \
  644:$(PUBLIC):$(LIBDIR)/libtinyvmm.a \
  644:$(SHARED):$(LIBDIR)/$(SOFILE) \
  link:$(SOFILE):$(LIBDIR)/$(SONAME) \
  link:$(SONAME):$(LIBDIR)/libtinyvmm$(SO) \
  644:src/tinyvmm.h:$(INCLUDEDIR)/tinyvmm.h \
  pc:src/tinyvmm.pc.in:$(LIBDIR)/pkgconfig/tinyvmm.pc \
  $(foreach f,$(SDK_FILES),644:$f:$(GUESTDIR)/$(notdir $f)) \
  $(if $(SIGN),644:entitlements.plist:$(DATADIR)/tinyvmm/entitlements.plist) \
  $(foreach f,$(MAN_PAGES),644:$f:$(MANDIR)/man1/$(notdir $f)) \
  $(BASH_COMPLETION:%=644:%:$(DATADIR)/bash-completion/completions/tinyvmm) \
  $(ZSH_COMPLETION:%=644:%:$(ZSHDIR)/_tinyvmm)

below = $(patsubst $(PREFIX)/%,$${prefix}/%,$($1))
PC_EDIT = -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
  $(foreach v,LIBDIR INCLUDEDIR GUESTDIR,-e 's|@$v@|$(call below,$v)|') \
  -e 's|@PRIVATE@|-pthread $(FRAMEWORK)|'

define put
  @set -e; umask 022; for file in $1; do \
    IFS=:; set -- $$file; unset IFS; to="$(DESTDIR)$$3"; \
    mkdir -p "$${to%/*}"; echo "  INSTALL $$to"; \
    case $$1 in \
    link) ln -sf "$$2" "$$to" ;; \
    pc) rm -f "$$to"; sed $(PC_EDIT) "$$2" >"$$to"; chmod 644 "$$to" ;; \
    *) install -m "$$1" "$$2" "$$to" ;; \
    esac; done
endef

# A program linked against a fresh /usr/local/lib finds it only after this.
LDCONFIG = @[ -n "$(DESTDIR)" ] || [ "$$(uname)" != Linux ] || \
  ldconfig 2>/dev/null || true

install: all ## install below PREFIX (/usr/local)
	$(call put,$(FILES))
	$(LDCONFIG)

uninstall: ## remove what install has installed
	@set -e; for file in $(FILES); do rm -f "$(DESTDIR)$${file##*:}"; done
	@cd "$(DESTDIR)/" 2>/dev/null && for dir in $(sort $(dir \
	  $(foreach f,$(LUA_FILES),$(lastword $(subst :, ,$f))))); do \
	  echo ".$$dir"; done | sort -r | xargs rmdir 2>/dev/null || true
	@cd "$(DESTDIR)$(GUESTDIR)/.." 2>/dev/null && rmdir guest 2>/dev/null && \
	  cd .. && rmdir "$(notdir $(patsubst %/,%,$(dir $(GUESTDIR))))" \
	  2>/dev/null || true
	$(LDCONFIG)

lua-module: $(MODULE)

install-lua: lua-module
	$(call put,$(LUA_FILES))

deb: all ## make Debian packages in build/rel/deb
	@rm -rf $(B)/deb
	@$(MAKE) -s install DESTDIR=$(B)/deb/tree PREFIX=/usr \
	  LIBDIR=/usr/lib/$$(dpkg-architecture -qDEB_HOST_MULTIARCH) \
	  ZSHDIR=/usr/share/zsh/vendor-completions >/dev/null
	@sh .ci/deb.sh $(B)/deb $(VERSION)

# The archive that users link: one object whose inner names are local. (On
# macOS the linker itself makes hidden names local.)
$(PUBLIC): $(LIB_OBJ)
	$(call say,AR      ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -r -nostdlib -o $(@:.a=.o) $^
	$(Q)[ "$$(uname)" = Darwin ] || $(OBJCOPY) --localize-hidden $(@:.a=.o)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(@:.a=.o)

-include $(OBJ:.o=.d)
