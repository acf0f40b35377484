# tvsd: a Trust Verification Service for Cisco IP phones. `make help` lists the targets.

VERSION := 0.1.0
SOVERSION := 0

# Set these on the command line or in the environment.
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CFLAGS ?= -O2 -g
DEPS ?= yes
# Security tokens, by p11-kit: yes or no.
TOKENS ?= yes
WERROR ?=
SAN ?=

bindir := $(PREFIX)/bin
sbindir := $(PREFIX)/sbin
libdir ?= $(PREFIX)/lib
includedir := $(PREFIX)/include
mandir := $(PREFIX)/share/man
docdir := $(PREFIX)/share/doc/tvsd
unitdir ?= $(PREFIX)/lib/systemd/system
sysconfdir ?= /etc

PKGS_LIB := libcrypto sqlite3 $(if $(filter yes,$(TOKENS)),p11-kit-1)
PKGS_ALL := $(PKGS_LIB) libssl libevent_core libevent_pthreads yaml-0.1 libsystemd libedit libcurl
PKGS_TEST := check

# Recipes that need nothing built run before the libraries are looked for.
BARE_GOALS := help deps demo check clean distclean
ifneq ($(filter-out $(BARE_GOALS),$(or $(MAKECMDGOALS),all)),)
  ifneq ($(DEPS_CHECKED),yes)
    MISSING := $(shell CC='$(CC)' scripts/missing.sh $(PKGS_ALL) $(PKGS_TEST))
    ifneq ($(MISSING),)
      $(error missing: $(MISSING). Run `make deps`, which installs them with apt, or install them yourself$(if $(findstring p11-kit-1,$(MISSING)),; TOKENS=no does without p11-kit-1))
    endif
  endif
endif

PKG_CONFIG ?= pkg-config
CFLAGS_LIBS = $(shell $(PKG_CONFIG) --cflags $(PKGS_ALL) 2>/dev/null)
LIBS_LIB = $(shell $(PKG_CONFIG) --libs $(PKGS_LIB) 2>/dev/null)
LIBS_TVSD = $(shell $(PKG_CONFIG) --libs libssl libcrypto libevent_core libevent_pthreads yaml-0.1 libsystemd 2>/dev/null)
LIBS_TVSCTL = $(shell $(PKG_CONFIG) --libs yaml-0.1 libedit 2>/dev/null)
LIBS_TVSC = $(shell $(PKG_CONFIG) --libs libssl libcrypto libcurl 2>/dev/null) -pthread
LIBS_IT = $(shell $(PKG_CONFIG) --libs libssl libcrypto 2>/dev/null)
LIBS_CHECK = $(shell $(PKG_CONFIG) --libs check 2>/dev/null)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
            -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2 -Werror=format-security -Werror=format-nonliteral \
            -Werror=implicit-function-declaration -Werror=incompatible-pointer-types $(if $(WERROR),-Werror)
HARDENING := -fstack-protector-strong $(if $(SAN),,$(filter-out $(if $(filter -O0,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=%), \
             $(shell CC='$(CC)' scripts/hardening.sh)))
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
COVFLAGS := $(if $(COVERAGE),--coverage -fprofile-update=atomic)

ALL_CPPFLAGS = -D_GNU_SOURCE -DTVS_VERSION='"$(VERSION)"' -I. -Ilibtrust -I$(BUILD)/gen $(CFLAGS_LIBS) $(CPPFLAGS)
ALL_CFLAGS = -std=c17 -fPIC $(WARNINGS) $(HARDENING) $(SANFLAGS) $(COVFLAGS) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack $(SANFLAGS) $(COVFLAGS) $(LDFLAGS)

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V),true,printf '  %-4s %s\n' $(1) $@)

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# token_absent.c stands for the files that talk PKCS#11 where there is none.
TOKEN_SRC := $(addprefix libtrust/,token.c token_list.c token_module.c token_object.c token_uri.c)
LIB_SRC := $(filter-out $(if $(filter yes,$(TOKENS)),libtrust/token_absent.c,$(TOKEN_SRC)),$(wildcard libtrust/*.c))
CONFIG_SRC := $(wildcard config/*.c)
TVSD_SRC := $(wildcard tvsd/*.c)
TVSCTL_SRC := $(wildcard tvsctl/*.c)
TVSC_SRC := $(wildcard tvsc/*.c)
# A program without its main(), for its tests.
TVSD_PARTS := $(filter-out tvsd/main.c,$(TVSD_SRC))
TVSCTL_PARTS := $(filter-out tvsctl/main.c,$(TVSCTL_SRC))
TVSC_PARTS := $(filter-out tvsc/main.c,$(TVSC_SRC))

SO := $(BUILD)/libtrust.so.$(SOVERSION)
LIB_A := $(BUILD)/libtrust.a
PROGRAMS := $(BUILD)/tvsd $(BUILD)/tvsctl $(BUILD)/tvsc

.PHONY: all
all: $(SO) $(BUILD)/libtrust.so $(PROGRAMS) ## Build the library and the three programs in build/
	@:

.DELETE_ON_ERROR:
.SUFFIXES:

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# sql/*.sql become one C array, in the order of their numbers.
$(BUILD)/gen/migrations.h: $(wildcard sql/*.sql) scripts/embed-sql.sh
	@mkdir -p $(@D)
	$(call say,SQL)
	$(Q)scripts/embed-sql.sh $(filter %.sql,$^) >$@
$(call objects,$(LIB_SRC)): | $(BUILD)/gen/migrations.h

$(LIB_A): $(call objects,$(LIB_SRC))
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^
$(SO): $(call objects,$(LIB_SRC)) libtrust/libtrust.map
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,libtrust.so.$(SOVERSION) -Wl,--version-script=libtrust/libtrust.map \
	    -Wl,--no-undefined -o $@ $(filter %.o,$^) $(LIBS_LIB)
$(BUILD)/libtrust.so: $(SO)
	$(Q)ln -sf libtrust.so.$(SOVERSION) $@

# A program of the build alone: for another machine, HOST_CC is this one's compiler.
HOST_CC ?= $(CC)
EVENTS_MAN := $(BUILD)/gen/tvsd-events.7
$(EVENTS_MAN): scripts/events-man.c tvsd/log_events.h
	@mkdir -p $(@D)
	$(call say,MAN)
	$(Q)$(HOST_CC) -std=c17 -Wall -I. -o $(BUILD)/gen/events-man $< && $(BUILD)/gen/events-man >$@

# They run in place; `make install` links them again without the run path.
RUNPATH = -Wl,-rpath,'$$ORIGIN'
LINK = $(CC) -pie $(ALL_LDFLAGS) $(RUNPATH) -o $@ $(filter %.o,$^) -L$(BUILD) -ltrust
$(BUILD)/tvsd: $(call objects,$(TVSD_SRC) $(CONFIG_SRC)) | $(BUILD)/libtrust.so
	$(call say,LD)
	$(Q)$(LINK) $(LIBS_TVSD)
$(BUILD)/tvsctl: $(call objects,$(TVSCTL_SRC) $(CONFIG_SRC)) | $(BUILD)/libtrust.so
	$(call say,LD)
	$(Q)$(LINK) $(LIBS_TVSCTL)
$(BUILD)/tvsc: $(call objects,$(TVSC_SRC)) | $(BUILD)/libtrust.so
	$(call say,LD)
	$(Q)$(LINK) $(LIBS_TVSC)

# ---- Tests: tests/FOLDER/check_X.c is one program; it links the folder's sources without main().

CHECK_SRC := $(wildcard tests/*/check_*.c)
CHECKS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(CHECK_SRC))
CHECK_COMMON := $(call objects,$(wildcard tests/*.c))

define check_rule
$(BUILD)/tests/$(1)/%: $(BUILD)/obj/tests/$(1)/%.o $(CHECK_COMMON) $(call objects,$(wildcard tests/$(1)/helper*.c) $(2)) $(LIB_A)
	@mkdir -p $$(@D)
	$$(call say,LD)
	$(Q)$$(CC) -pie $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(LIB_A) $(3) $$(LIBS_LIB) $$(LIBS_CHECK)
endef
$(eval $(call check_rule,libtrust,,))
$(eval $(call check_rule,config,$(CONFIG_SRC),$$(LIBS_TVSCTL)))
$(eval $(call check_rule,tvsd,$(TVSD_PARTS) $(CONFIG_SRC),$$(LIBS_TVSD)))
$(eval $(call check_rule,tvsctl,$(TVSCTL_PARTS) $(CONFIG_SRC),$$(LIBS_TVSCTL)))
$(eval $(call check_rule,tvsc,$(TVSC_PARTS),$$(LIBS_TVSC)))
# It has something happen just before a key is read.
$(BUILD)/tests/tvsd/check_identity: ALL_LDFLAGS += -Wl,--wrap=trust_key_load
# It counts how often a certificate is parsed.
$(BUILD)/tests/libtrust/check_index_build: ALL_LDFLAGS += -Wl,--wrap=trust_cert_from_der
.SECONDARY:

# Phones by the simulator, servers as tvsd answers, phrases and rehearsals by tvsctl, all in one program without sockets.
HISTORIES_SRC := $(wildcard tests/histories/*.c)
HISTORIES_PARTS := $(TVSCTL_PARTS) $(TVSC_PARTS) $(CONFIG_SRC) $(wildcard tests/tvsctl/helper*.c) tests/fixture.c tests/fake_tokens.c \
                   $(addprefix tvsd/,$(addsuffix .c,sources identity ctl_file ctl_age request recent_certs remedy quiet log log_ring ring log_target log_render log_escape))
HISTORIES_PROGRAM := $(BUILD)/tests/histories/histories
# tests/histories/made_once.c stands in for these.
HISTORIES_WRAPPED := trust_key_generate trust_key_parse trust_cert_from_der \
                     sqlite3_prepare_v2 sqlite3_finalize sqlite3_close
$(HISTORIES_PROGRAM): $(call objects,$(HISTORIES_SRC) $(HISTORIES_PARTS)) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -pie $(ALL_LDFLAGS) $(HISTORIES_WRAPPED:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) $(LIB_A) \
	    $(LIBS_TVSCTL) $(LIBS_TVSC) $(LIBS_LIB) $(LIBS_CHECK)

# Security tokens that do what real ones do when something is wrong. Sanitizers would have to be there before it is loaded.
FAKE_MODULE := $(if $(filter yes,$(TOKENS)),$(BUILD)/tests/fake_module.so)
$(BUILD)/tests/fake_module.so: tests/tokens/fake_module.c
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -D_GNU_SOURCE -std=c17 -fPIC $(WARNINGS) -Wno-missing-prototypes -g -O1 $(CFLAGS_LIBS) -shared -o $@ $< $(LIBS_LIB)

# Programs that the end-to-end tests use.
$(BUILD)/tests/it/terminal: $(BUILD)/obj/tests/terminal.o
$(BUILD)/tests/it/hammer: $(BUILD)/obj/tests/it/judge.o
$(BUILD)/tests/it/hostile: $(addprefix $(BUILD)/obj/tests/,it/hostile_dear.o it/hostile_kinds.o it/hostile_records.o tvsd/helper_seal.o)
IT_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(filter-out tests/it/judge.c $(wildcard tests/it/hostile_*.c) $(if $(FAKE_MODULE),,tests/it/token_fill.c), \
                 $(wildcard tests/it/*.c))) $(FAKE_MODULE)
$(BUILD)/tests/it/%: $(BUILD)/obj/tests/it/%.o $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB_A) $(LIBS_LIB) $(LIBS_IT)

# ---- Fuzzing: tests/fuzz/fuzz_X.c, run by libFuzzer (`make fuzz`), or once over what it found (`make check-corpus`).
LIBFUZZER ?=
FUZZERS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_COMMON := tests/fuzz/support.c tests/fixture.c config/text.c $(if $(LIBFUZZER),,tests/fuzz/replay.c)
fuzz_parts = $(foreach name,$(1),$(eval $(BUILD)/tests/fuzz/fuzz_$(name): $(call objects,$(filter-out $(FUZZ_COMMON),$(2)))))
$(call fuzz_parts,proto,tests/libtrust/helper_messages.c)
$(call fuzz_parts,config,$(CONFIG_SRC))
$(call fuzz_parts,phrase,$(TVSCTL_PARTS) $(CONFIG_SRC))
$(call fuzz_parts,control conn,$(TVSD_PARTS) $(CONFIG_SRC) $(wildcard tests/tvsd/helper*.c))
$(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(call objects,$(FUZZ_COMMON)) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -pie $(ALL_LDFLAGS) $(if $(LIBFUZZER),-fsanitize=fuzzer) -o $@ $(filter %.o,$^) $(LIB_A) $(LIBS_TVSD) $(LIBS_TVSCTL) $(LIBS_LIB)

include scripts/targets.mk
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
