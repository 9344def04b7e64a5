# SPDX-License-Identifier: MIT
#
# TinyVMM. `make help` lists the targets. MODE=rel|dbg|asan builds side by side
# in build/$(MODE); CC=clang works as well.

MODE ?= rel
CC = gcc
B := build/$(MODE)

# Lua 5.4 by pkg-config. Recursive variables: looked up when first used, so
# that `make deps run` finds what deps has just installed.
LUA_PC = $(shell for p in lua5.4 lua-5.4 lua54 lua; do \
  pkg-config --exists "$$p >= 5.4" "$$p < 5.5" 2>/dev/null && \
  echo $$p && break; done)
LUA_CFLAGS = $(shell pkg-config --cflags $(LUA_PC))
LUA_LIBS = $(shell pkg-config --libs $(LUA_PC))

MODE_rel := -O2 -g -fomit-frame-pointer
MODE_dbg := -O0 -g -DTV_TEST
MODE_asan := -O1 -g -DTV_TEST -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE $(MODE_$(MODE)) -fPIC \
  -fvisibility=hidden -Wall -Wextra -Wpedantic -Wshadow -Wvla \
  -Wstrict-prototypes -Wmissing-prototypes -Isrc -MMD -MP $(CFLAGS)
comma := ,
SANITIZE = $(if $(filter asan,$(MODE)),-fsanitize=address$(comma)undefined)

LIB_SRC := $(sort $(wildcard src/base/*.c src/core/*.c src/a64/*.c \
  src/soft/*.c src/hvf/*.c src/kvm/*.c))
BIND_SRC := $(filter-out src/bind/embed.c,$(sort $(wildcard src/bind/*.c)))
LUA_SRC := $(sort $(shell find lua/tinyvmm -name '*.lua'))
LIB_OBJ := $(LIB_SRC:src/%.c=$(B)/obj/%.o)
BIND_OBJ := $(BIND_SRC:src/%.c=$(B)/obj/%.o)
OBJ := $(LIB_OBJ) $(BIND_OBJ) $(B)/obj/main.o $(B)/obj/embedded.o

PROGRAM := $(B)/tinyvmm
STATIC := $(B)/libtinyvmm.a
SHARED := $(B)/libtinyvmm.so
MODULE := $(B)/lib/tinyvmm/core.so
C_TESTS := $(patsubst tests/core/test_%.c,$(B)/tests/%,\
  $(wildcard tests/core/test_*.c))
C_EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,\
  $(wildcard examples/*.c))

# Short lines; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)$(2)")

# With deps among the goals, nothing is built before it is through.
FIRST := $(filter deps deps-test,$(MAKECMDGOALS))

.PHONY: help all run test check bench gen deps deps-test clean
.DEFAULT_GOAL := all

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | \
	  sed 's/:.*## /\t/' | expand -t 14

all: $(PROGRAM) $(STATIC) $(SHARED) $(MODULE) ## build program, library, module

run: $(PROGRAM) ## run the demo guest, examples/01_hello.lua
	@$(PROGRAM) examples/01_hello.lua

test: all $(C_TESTS) $(C_EXAMPLES) ## run the tests (seconds)
	TV_BUILD=$(B) $(PROGRAM) tests/run.lua $(T)

check: ## sanitizers, sweeps and style (minutes)
	$(MAKE) MODE=asan test
	$(MAKE) MODE=dbg test
	TV_ORACLE_N=3000 $(MAKE) test T=oracle

bench: all ## print the benchmark table
	$(PROGRAM) tests/bench/bench.lua

gen: $(PROGRAM) ## rewrite the files generated from the instruction table
	$(PROGRAM) lua/tinyvmm/a64/gen.lua src/a64

deps: ## install what the build needs (Lua 5.4), if it is missing
	@sh .ci/deps.sh build

deps-test: deps ## install what the tests need (qemu-user, binutils, llvm)
	@sh .ci/deps.sh test

clean: ## remove build/
	rm -rf build

$(B)/obj/%.o: src/%.c | $(FIRST)
	$(call say,CC      ,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(if $(filter src/main.c src/bind/%,$<),\
	  $(LUA_CFLAGS)) -c $< -o $@

$(B)/obj/embedded.o: $(B)/obj/embedded.c
	$(call say,CC      ,embedded.c)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(B)/obj/embedded.c: $(B)/embed $(LUA_SRC)
	$(call say,EMBED   ,lua/tinyvmm)
	$(Q)$(B)/embed $@ lua $(LUA_SRC)

$(B)/embed: src/bind/embed.c | $(FIRST)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LUA_CFLAGS) -MF $@.d $< -o $@ $(LUA_LIBS) \
	  $(SANITIZE)

$(STATIC): $(LIB_OBJ)
	$(call say,AR      ,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(SHARED): $(LIB_OBJ)
	$(call say,LD      ,$@)
	$(Q)$(CC) -shared -Wl,-soname,libtinyvmm.so.0 -o $@ $^ -lpthread $(SANITIZE)

$(MODULE): $(BIND_OBJ) $(STATIC)
	$(call say,LD      ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -o $@ $^ -lpthread $(SANITIZE)

$(PROGRAM): $(OBJ)
	$(call say,LD      ,$@)
	$(Q)$(CC) -rdynamic -o $@ $^ $(LUA_LIBS) -lpthread $(SANITIZE)

$(B)/tests/%: tests/core/test_%.c $(STATIC)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Itests -MF $@.d $< -o $@ $(STATIC) -lpthread \
	  $(SANITIZE)

$(B)/examples/%: examples/%.c $(STATIC)
	$(call say,CCLD    ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MF $@.d $< -o $@ $(STATIC) -lpthread $(SANITIZE)

-include $(OBJ:.o=.d)
