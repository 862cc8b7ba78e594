# Makefile — builds, tests and installs Cardea
#
# Sources are found by folder: a new .c file in a module needs no edit here, a new module neither.
#
#   pdp/<module>/*.c, policy-compiler/<module>/*.c    →  the library, build/libcardea-all.a
#   cli/*.c                                           →  the program, build/cardea
#   tests/{unit,limits,inject}/test_*.c               →  one libcheck program each
#   tests/fuzz/fuzz_*.c                               →  one libFuzzer target each
#   bench/*.c                                         →  one measuring program each
#
# Everything exists in variants that share one set of rules (see "Variants" below):
#   build/        gcc or $(CC), optimised           build/tsan/  with the thread sanitizer
#   build/asan/   address + undefined sanitizers    build/fuzz/  clang with libFuzzer
#
# Variables you may set: CC CFLAGS CPPFLAGS LDFLAGS LDLIBS (appended, so they win), WERROR= (warnings
# do not stop the build), V=1 (show commands), JOBS=n, BUILD=directory, PREFIX, DESTDIR,
# FUZZ_SECONDS, MODEL_PAIRS, MODEL_SEED.
#
# SPDX-License-Identifier: Apache-2.0

VERSION := 0.1.0

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ---- tools and directories --------------------------------------------------------------------

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := gcc-ar
endif
FUZZ_CC      ?= clang
CLANG_FORMAT ?= clang-format
PKG_CONFIG   ?= pkg-config
PYTHON       ?= python3
INSTALL      ?= install
BUILD        ?= build
JOBS         ?= $(shell nproc 2>/dev/null || echo 1)
FUZZ_SECONDS ?= 10
MODEL_PAIRS  ?= 100000
MODEL_SEED   ?= 1

PREFIX  ?= /usr/local
DESTDIR ?=
bindir  ?= $(PREFIX)/bin
datadir ?= $(PREFIX)/share
docdir  ?= $(datadir)/doc/cardea
mandir  ?= $(datadir)/man

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s%s\n'
endif

# ---- libraries --------------------------------------------------------------------------------
# One line each: what pkg-config calls it and the least version. ORDER LIBRARIES: scripts/install-deps.sh
# knows the same list by the names of the packages.

LIBS  := libevent_core>=2.1.12 libllhttp>=9.2 yyjson>=0.10 yaml-0.1>=0.2.5 libpcre2-8>=10.42 \
         sqlite3>=3.40 openssl>=3.0 libcurl>=7.85 zlib>=1.2.13
CHECK := check>=0.15.2

# $(call pc,--cflags,list): one call of pkg-config for a whole list
pc = $(shell $(PKG_CONFIG) $(1) $(foreach l,$(2),$(firstword $(subst >=, ,$(l)))))
# $(call missing,list): those that are not installed or too old
missing = $(strip $(foreach l,$(1),$(shell $(PKG_CONFIG) --exists '$(subst >=, >= ,$(l))' \
            2>/dev/null || echo '$(l)')))

# Goals that compile; the others must work on a bare machine.
COMPILING := $(if $(MAKECMDGOALS),$(filter-out run test arrows docs format install-deps help clean,\
               $(MAKECMDGOALS)),build)

ifneq ($(COMPILING),)
MISSING := $(call missing,$(LIBS))
ifneq ($(MISSING),)
$(error missing libraries: $(MISSING). Run scripts/install-deps.sh)
endif
LIB_CFLAGS := $(call pc,--cflags,$(LIBS))
LIB_LIBS   := $(call pc,--libs,$(LIBS))
endif

# libcheck is only looked for when a test is built.
CHECK_CFLAGS = $(eval CHECK_CFLAGS := $(call need_check)$(call pc,--cflags,$(CHECK)))$(CHECK_CFLAGS)
CHECK_LIBS   = $(eval CHECK_LIBS := $(call pc,--libs,$(CHECK)))$(CHECK_LIBS)
need_check   = $(if $(call missing,$(CHECK)),$(error missing library: $(CHECK). Run \
                 scripts/install-deps.sh --for test))

# ---- flags ------------------------------------------------------------------------------------

WERROR   ?= -Werror
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla -Wimplicit-fallthrough $(WERROR)
INCLUDES := -Ipdp -Ipolicy-compiler -I.
DEFINES  := -D_GNU_SOURCE -DCARDEA_VERSION='"$(VERSION)"'

# $(call accepted,compiler,flags): those of the flags that the compiler knows
accepted = $(foreach f,$(2),$(shell $(1) -Werror $(f) -x c -c /dev/null -o /dev/null 2>/dev/null \
             && echo '$(f)'))

# Assertions stay on: NDEBUG is never set.
HARDENING_TRY := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
                 -mbranch-protection=standard -ftrivial-auto-var-init=zero \
                 -fno-delete-null-pointer-checks -fno-strict-overflow
ifneq ($(COMPILING),)
HARDENING := $(call accepted,$(CC),$(HARDENING_TRY)) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
HARDENED_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack

BASE_CFLAGS  := -std=gnu17 -g -fPIE -pthread $(WARNINGS)
BASE_LDFLAGS := -pthread -Wl,--as-needed

# ---- sources ----------------------------------------------------------------------------------

LIB_SRC   := $(sort $(wildcard pdp/*/*.c policy-compiler/*/*.c))
CLI_SRC   := $(sort $(wildcard cli/*.c))
SUP_SRC   := $(sort $(wildcard tests/support/*.c))
TEST_SRC  := $(sort $(wildcard tests/unit/test_*.c tests/limits/test_*.c tests/inject/test_*.c))
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard bench/*.c))

# ---- variants ---------------------------------------------------------------------------------
# $(call variant,name,directory,compiler,flags to compile,flags to link): objects go to
# <directory>/obj, and <directory>/obj/.flags changes when the flags do, so that a variant is never a mixture.

define variant
$(1)_CC      := $(3)
$(1)_CFLAGS  := $(BASE_CFLAGS) $(4)
$(1)_LDFLAGS := $(BASE_LDFLAGS) $(5)
$(1)_LIB     := $(2)/libcardea-all.a
$(1)_OBJ     := $(LIB_SRC:%.c=$(2)/obj/%.o)
$(1)_CLI     := $(CLI_SRC:%.c=$(2)/obj/%.o)
$(1)_SUP     := $(SUP_SRC:%.c=$(2)/obj/%.o)
$(1)_TESTS   := $(TEST_SRC:%.c=$(2)/%)
$(1)_LINE    = $$(subst ','"'"',$$($(1)_CC) $$($(1)_CFLAGS) $(DEFINES) $$(LIB_CFLAGS) $$(CPPFLAGS) $$(CFLAGS))

$(2)/obj/%.o: %.c $(2)/obj/.flags
	$(say) CC '$$@'
	@mkdir -p $$(@D)
	$(Q)$$($(1)_CC) $$($(1)_CFLAGS) $(INCLUDES) $(DEFINES) $$(LIB_CFLAGS) $$(EXTRA) $$(CPPFLAGS) $$(CFLAGS) \
	    -MMD -MP -c -o $$@ $$<

$(2)/obj/tests/%.o $(2)/obj/bench/%.o: EXTRA = -Itests $$(CHECK_CFLAGS)

$(2)/obj/.flags: .ALWAYS
	@mkdir -p $$(@D)
	@printf '%s\n' '$$($(1)_LINE)' | cmp -s - $$@ || printf '%s\n' '$$($(1)_LINE)' > $$@

$(2)/obj/.sources: .ALWAYS
	@mkdir -p $$(@D)
	@printf '%s\n' '$(LIB_SRC)' | cmp -s - $$@ || printf '%s\n' '$(LIB_SRC)' > $$@

# Built anew each time, so that no object of a removed source stays in it.
$(2)/libcardea-all.a: $$($(1)_OBJ) $(2)/obj/.sources
	$(say) AR '$$@'
	@rm -f $$@
	$(Q)$(AR) rcsD $$@ $$($(1)_OBJ)

$(2)/cardea: $$($(1)_CLI) $(2)/libcardea-all.a
	$(say) LINK '$$@'
	$(Q)$$($(1)_CC) $$($(1)_CFLAGS) $$(CFLAGS) $$($(1)_LDFLAGS) $$(LDFLAGS) -o $$@ $$($(1)_CLI) \
	    $(2)/libcardea-all.a $$(LIB_LIBS) $$(LDLIBS) -lm

$$($(1)_TESTS): $(2)/%: $(2)/obj/%.o $$($(1)_SUP) $(2)/libcardea-all.a
	$(say) LINK '$$@'
	@mkdir -p $$(@D)
	$(Q)$$($(1)_CC) $$($(1)_CFLAGS) $$(CFLAGS) $$($(1)_LDFLAGS) $$(LDFLAGS) -o $$@ $$< $$($(1)_SUP) \
	    $(2)/libcardea-all.a $$(CHECK_LIBS) $$(LIB_LIBS) $$(LDLIBS) -lm

-include $$(patsubst %.c,$(2)/obj/%.d,$(LIB_SRC) $(CLI_SRC) $(SUP_SRC) $(TEST_SRC) $(FUZZ_SRC) $(BENCH_SRC))
endef

# -Wclobbered takes locals of inlined functions for those of a setjmp frame at -O1; the plain build keeps it.
ifneq ($(COMPILING),)
NO_CLOBBERED := $(call accepted,$(CC),-Wno-clobbered)
endif
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TSAN := -fsanitize=thread -fno-omit-frame-pointer
FUZZ := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

$(eval $(call variant,plain,$(BUILD),$(CC),-O2 $(HARDENING),$(HARDENED_LINK)))
$(eval $(call variant,asan,$(BUILD)/asan,$(CC),-O1 $(ASAN) $(NO_CLOBBERED),$(ASAN)))
$(eval $(call variant,tsan,$(BUILD)/tsan,$(CC),-O1 $(TSAN) $(NO_CLOBBERED),$(TSAN)))
$(eval $(call variant,fuzz,$(BUILD)/fuzz,$(FUZZ_CC),-O1 $(FUZZ),$(FUZZ)))

# Documents that are part of the program (pdp/server/pages.c).
PAGES := schemas/openapi.json pdp/server/explorer.html
$(foreach d,$(BUILD) $(BUILD)/asan $(BUILD)/tsan $(BUILD)/fuzz,$(eval $(d)/obj/pdp/server/pages.o: $(PAGES)))

.ALWAYS:
.PRECIOUS: $(BUILD)/obj/%.o $(BUILD)/asan/obj/%.o $(BUILD)/tsan/obj/%.o $(BUILD)/fuzz/obj/%.o

# Fuzz targets: with libFuzzer to search, with an ordinary main and gcc's sanitizers to replay what was found.
FUZZ_BIN   := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/bin/%)
REPLAY_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/asan/replay/%)

$(FUZZ_BIN): $(BUILD)/fuzz/bin/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/libcardea-all.a
	$(say) LINK '$@'
	@mkdir -p $(@D)
	$(Q)$(fuzz_CC) -fsanitize=fuzzer $(fuzz_CFLAGS) $(CFLAGS) $(fuzz_LDFLAGS) $(LDFLAGS) -o $@ $^ \
	    $(LIB_LIBS) $(LDLIBS) -lm

$(REPLAY_BIN): $(BUILD)/asan/replay/%: $(BUILD)/asan/obj/tests/fuzz/%.o $(BUILD)/asan/obj/tests/fuzz/replay.o \
               $(BUILD)/asan/libcardea-all.a
	$(say) LINK '$@'
	@mkdir -p $(@D)
	$(Q)$(asan_CC) $(asan_CFLAGS) $(CFLAGS) $(asan_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(LDLIBS) -lm

BENCH_BIN := $(BENCH_SRC:bench/%.c=$(BUILD)/bench/%)

$(BENCH_BIN): $(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(BUILD)/libcardea-all.a
	$(say) LINK '$@'
	@mkdir -p $(@D)
	$(Q)$(plain_CC) $(plain_CFLAGS) $(CFLAGS) $(plain_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(LDLIBS) -lm

# Headers compile alone, and everything is clean with the other compiler too: checks without an object.
HEADERS   := $(sort $(wildcard pdp/*/*.h policy-compiler/*/*.h cli/*.h))
HEADER_OK := $(HEADERS:%=$(BUILD)/checked/%)
SYNTAX_OK := $(patsubst %,$(BUILD)/syntax/%,$(LIB_SRC) $(CLI_SRC))
SYNTAX_CC ?= clang

$(HEADER_OK): $(BUILD)/checked/%: $(HEADERS) $(BUILD)/obj/.flags
	@mkdir -p $(@D)
	$(Q)echo '#include "$*"' | $(plain_CC) $(plain_CFLAGS) $(INCLUDES) $(DEFINES) $(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS) \
	    -x c -fsyntax-only - && touch $@

$(SYNTAX_OK): $(BUILD)/syntax/%: % $(HEADERS) $(BUILD)/obj/.flags
	@mkdir -p $(@D)
	$(Q)$(SYNTAX_CC) $(BASE_CFLAGS) -O1 $(INCLUDES) $(DEFINES) $(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS) -fsyntax-only $< && touch $@

# ---- goals ------------------------------------------------------------------------------------

# `make run` and `make test` use all cores, unless a -j was given: then that number holds.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

.PHONY: build build-tests build-asan build-tsan build-fuzz build-bench check-headers check-syntax run test asan tsan fuzz model bench arrows \
        docs format install install-deps clean help

## build         the program, build/cardea (the default goal)
build: $(BUILD)/cardea

## run           install what is missing, build, check config.example.json, serve the examples
run:
	@scripts/install-deps.sh --for run
	@+$(MAKE) --no-print-directory $(PARALLEL) build
	@scripts/run-example.sh

## test          install what is missing, build, run every test; ends with "N passed, N failed"
test:
	@scripts/install-deps.sh --for test
	@+$(MAKE) --no-print-directory $(PARALLEL) build build-tests build-asan
	@$(PYTHON) tests/run-all

build-tests: $(plain_TESTS)
build-asan: $(BUILD)/asan/cardea $(asan_TESTS) $(REPLAY_BIN)
build-tsan: $(BUILD)/tsan/cardea $(tsan_TESTS)
build-fuzz: $(FUZZ_BIN)
build-bench: $(BUILD)/cardea $(BENCH_BIN)
check-headers: $(HEADER_OK)
check-syntax: $(SYNTAX_OK)

## asan          build with the address and undefined-behaviour sanitizers, run the C tests
asan: build-asan
	@$(PYTHON) tests/run-all asan replay

## tsan          build with the thread sanitizer, run the C tests
tsan: build-tsan
	@$(PYTHON) tests/run-all tsan

## fuzz          search for inputs that break a parser, FUZZ_SECONDS (10) for each target
fuzz: build-fuzz
	@scripts/fuzz.sh $(FUZZ_SECONDS)

## model         compare MODEL_PAIRS random decisions with the model of tests/model; CERBOS names the reference
model: build
	@$(PYTHON) tests/model/run.py --pairs $(MODEL_PAIRS) --seed $(MODEL_SEED) --rounds 20

## bench         build and run the measuring programs
bench: build-bench
	@bench/run $(BENCH_BIN)

## arrows        check that includes point downwards only
arrows:
	@$(PYTHON) scripts/arrows.py --self-test
	@$(PYTHON) scripts/arrows.py

## docs          write anew what follows from tables: the schema and the reference of the configuration
docs:
	@$(PYTHON) scripts/generate.py

## format        let clang-format lay out the C sources
FORMATTED := $(sort $(wildcard pdp/*/*.[ch] policy-compiler/*/*.[ch] cli/*.[ch] tests/*/*.[ch] bench/*.[ch]))
# clang-format takes the macro `new` for an operator and puts a blank behind it.
format:
	@$(CLANG_FORMAT) -i $(FORMATTED)
	@sed -i -E 's/\bnew \((&?[A-Za-z_>.-]+), /new(\1, /g' $(FORMATTED)

## install       into $(DESTDIR)$(PREFIX), /usr/local by default
install: $(BUILD)/cardea
	$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(datadir)/cardea/schemas' '$(DESTDIR)$(docdir)/notes'
	$(INSTALL) -m 755 $(BUILD)/cardea '$(DESTDIR)$(bindir)/cardea'
	$(INSTALL) -m 644 schemas/*.json '$(DESTDIR)$(datadir)/cardea/schemas/'
	$(INSTALL) -m 644 README.md LICENSE config.example.json docs/*.md '$(DESTDIR)$(docdir)/'
	$(INSTALL) -m 644 docs/notes/*.md '$(DESTDIR)$(docdir)/notes/'

## install-deps  install what building and testing need (Debian 12 and 13)
install-deps:
	@scripts/install-deps.sh --for test

## clean         remove build/
clean:
	rm -rf '$(BUILD)'

## help          this list
help:
	@echo 'Usage: make [GOAL] [V=1] [JOBS=n] [CC=…] [CFLAGS=…] [WERROR=]'
	@echo
	@sed -n 's/^## /  /p' Makefile
