# What `make` does beside building. Included by the Makefile.


.PHONY: help deps demo run tests bench check check-all check-unit check-it check-size check-layers check-headers check-hardening check-man check-format check-asan \
        check-tsan check-threads fuzz check-corpus check-valgrind check-security lint check-hammer check-tokens check-boot check-ops check-crash check-hostile check-scenarios check-histories check-guardrails \
        cover install uninstall clean format
SELF := $(MAKE) --no-print-directory
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
# Time-outs are nets for what hangs; a busy machine and the sanitizers are slow.
DATA_ENV = TVS_TEST_DATA=tests/data BUILD=$(BUILD) CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=$(if $(SAN),5,2) CK_VERBOSITY=$(or $(CK_VERBOSITY),normal)

MAN_PAGES := $(wildcard man/*.[158]) $(EVENTS_MAN)

help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile scripts/targets.mk | awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: CC CFLAGS CPPFLAGS LDFLAGS BUILD PREFIX DESTDIR sysconfdir unitdir JOBS; DEPS=no: install nothing; TOKENS=no: no security tokens; WERROR=yes V=1"

deps: ## Install what building needs, with apt (through sudo when not root); DEPS=no skips it
ifneq ($(DEPS),no)
	@CC='$(CC)' scripts/deps.sh $(PKGS_ALL) $(PKGS_TEST)
endif

# demo and check may install what is missing, so the libraries are looked for by a second make.
demo: deps ## Start tvsd on loopback and let a phone ask: the first thing to try
	@$(SELF) DEPS_CHECKED=yes -j$(JOBS) all
	@BUILD=$(BUILD) scripts/demo.sh

run: all ## Run tvsd in the foreground with a state of its own under build/run
	@BUILD=$(BUILD) scripts/run.sh

check: deps ## Build everything and run all tests
	@$(SELF) DEPS_CHECKED=yes -j$(JOBS) all tests
	@$(SELF) DEPS_CHECKED=yes check-all

tests: all $(CHECKS) $(FUZZERS) $(IT_PROGRAMS) $(HISTORIES_PROGRAM) ## Build the unit tests

check-all: check-size check-layers check-headers check-hardening check-security check-man check-unit check-corpus check-it check-scenarios check-histories

check-size: ## Functions and files within their limits
	@scripts/check-size.sh $(wildcard scripts/*.c libtrust/*.c config/*.c tvsd/*.c tvsctl/*.c tvsc/*.c bench/*.c tests/*.c tests/*/*.c)

check-layers: $(SO) ## No layer reaches up; libtrust neither prints, exits, talks nor starts threads
	@CC='$(CC)' scripts/check-layers.sh $(SO) '$(CC)'

check-headers: $(BUILD)/gen/migrations.h ## Every header compiles alone
	@scripts/check-headers.sh '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' $(wildcard libtrust/*.h libtrust/trust/*.h config/*.h tvsd/*.h tvsctl/*.h tvsc/*.h tests/*.h tests/*/*.h)

check-hardening: all ## The programs were built so that a fault in them is hard to use
	@CC='$(CC)' scripts/check-hardening.sh $(PROGRAMS) $(SO)

check-man: $(EVENTS_MAN) ## The manual pages are without a fault, as mandoc sees it
	@if command -v mandoc >/dev/null; then mandoc -T lint -W warning $(MAN_PAGES) && echo "1 passed, 0 failed"; \
	else echo "skipped: the manual pages were not checked, since mandoc is not installed"; fi

check-format: ## The sources are formatted as .clang-format says
	@clang-format --dry-run -Werror $(wildcard libtrust/*.[ch] libtrust/trust/*.h config/*.[ch] tvsd/*.[ch] tvsctl/*.[ch] tvsc/*.[ch] tests/*.[ch] tests/*/*.[ch] scripts/*.[ch]) && echo "1 passed, 0 failed"

format:
	clang-format -i $(wildcard libtrust/*.[ch] libtrust/trust/*.h config/*.[ch] tvsd/*.[ch] tvsctl/*.[ch] tvsc/*.[ch] tests/*.[ch] tests/*/*.[ch] scripts/*.[ch])

# The one that does little but wait begins first.
check-unit: all $(CHECKS) $(FAKE_MODULE) ## The unit tests
	@$(DATA_ENV) scripts/run-checks.sh $(filter %/check_monitor,$(CHECKS)) $(filter-out %/check_monitor,$(CHECKS))

check-it: all $(IT_PROGRAMS) ## The built programs together, end to end
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) tests/it/run.sh

check-scenarios: all $(IT_PROGRAMS) ## What phones do at a site, from one situation to the next: the tech notes' cases and ours
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) tests/scenarios/run.sh

# Over TLS with the built programs, then others in one process without sockets.
check-histories: HISTORIES ?= 30
check-histories: HISTORIES_ALONE ?= 30
check-histories: SEED ?= 1
check-histories: all $(HISTORIES_PROGRAM) $(FAKE_MODULE) ## What rehearsals foretell against what phones do: HISTORIES=30 SEED=1; HISTORIES_ALONE=30 without sockets
	@$(DATA_ENV) OPENSSL_CONF=tests/data/openssl.cnf TVS_JOBS=$(JOBS) scripts/histories.sh $(HISTORIES_PROGRAM) $(BUILD) $(HISTORIES) $(HISTORIES_ALONE) $(SEED)

# Their quick part is in check-unit, check-it, check-scenarios and check-histories. 100 000 phones, and more histories, are here.
GUARD_CHECKS := $(filter %/check_guard %/check_guard_instead %/check_guard_lists %/check_guard_seen %/check_rollout% %/check_store_rollout,$(CHECKS))
GUARD_TESTS := $(wildcard $(foreach name,55-control 56-rollout 58-phones,tests/it/$(name).sh))
check-guardrails: GUARD_HISTORIES ?= 300
check-guardrails: GUARD_HISTORIES_ALONE ?= 10000
check-guardrails: GUARD_SEED ?= 1
check-guardrails: all $(GUARD_CHECKS) $(IT_PROGRAMS) $(HISTORIES_PROGRAM) ## Guard rails, roll-outs, the control socket with 100 000 phones, and what guard rails promise: GUARD_HISTORIES=300 GUARD_HISTORIES_ALONE=10000 GUARD_SEED=1
	@BUILD=$(BUILD) scripts/tools.sh
	@$(DATA_ENV) scripts/run-checks.sh $(GUARD_CHECKS)
	@BUILD=$(BUILD) TVS_PHONES=100000 tests/it/run.sh $(GUARD_TESTS)
	@BUILD=$(BUILD) tests/scenarios/run.sh tests/scenarios/09-*.sh tests/scenarios/10-*.sh tests/scenarios/12-*.sh tests/scenarios/13-*.sh tests/scenarios/17-*.sh
	@$(SELF) BUILD=$(BUILD) HISTORIES=$(GUARD_HISTORIES) HISTORIES_ALONE=$(GUARD_HISTORIES_ALONE) SEED=$(GUARD_SEED) check-histories

check-asan: ## Unit and end-to-end tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(SELF) -j$(JOBS) BUILD=$(BUILD)/asan SAN=address,undefined CFLAGS='-O1 -g' all tests
	@TVS_CRASH_SHARE=200 $(SELF) BUILD=$(BUILD)/asan SAN=address,undefined CFLAGS='-O1 -g' check-unit check-it

# tvsd, `tvsc phone` and `tvsc bench` alone have threads: the other unit tests would tell nothing here, and some of them a slow one. Without
# setarch -R some kernels put things where ThreadSanitizer's shadow has to be.
THREAD_CHECKS := $(filter $(BUILD)/tests/tvsd/% $(BUILD)/tests/tvsc/check_phone% $(BUILD)/tests/tvsc/check_bench%,$(CHECKS))
TSAN_MAKE = setarch $$(uname -m) -R $(SELF) BUILD=$(BUILD)/tsan SAN=thread CFLAGS='-O1 -g'
check-tsan: ## tvsd's unit tests and the end-to-end tests under ThreadSanitizer
	@$(TSAN_MAKE) -j$(JOBS) all $(patsubst $(BUILD)/%,$(BUILD)/tsan/%,$(THREAD_CHECKS) $(IT_PROGRAMS))
	@TVS_CRASH_SHARE=200 $(TSAN_MAKE) check-threads check-it

FUZZ_MAKE = $(SELF) BUILD=$(BUILD)/fuzz CC=clang DEPS_CHECKED=yes LIBFUZZER=yes SAN=address,undefined,fuzzer-no-link CFLAGS='-O1 -g'
FUZZ_TARGETS = $(patsubst $(BUILD)/%,$(BUILD)/fuzz/%,$(FUZZERS))
TIME ?= 20
fuzz: ## Each fuzzer for TIME=20 seconds (clang and its libFuzzer); `make fuzz TIME=small` saves what they found
	@if ! scripts/has-libfuzzer.sh; then echo "skipped: nothing was fuzzed, since clang or its libFuzzer is not installed (on Debian: clang, libclang-rt-14-dev)"; \
	else $(FUZZ_MAKE) -j$(JOBS) $(FUZZ_TARGETS) && BUILD=$(BUILD) scripts/fuzz.sh $(TIME) $(FUZZ_TARGETS); fi

check-corpus: $(FUZZERS) ## What fuzzers found, once more, without libFuzzer
	@$(DATA_ENV) scripts/check-corpus.sh $(FUZZERS)

check-valgrind: $(CHECKS) $(FAKE_MODULE) ## The unit tests under valgrind: an hour and more
	@$(DATA_ENV) TVS_FLIP_EVERY=37 CK_TIMEOUT_MULTIPLIER=60 JOBS=$(JOBS) scripts/check-valgrind.sh $(CHECKS)

lint: $(BUILD)/gen/migrations.h ## What gcc -fanalyzer, clang-tidy and cppcheck see
	@JOBS=$(JOBS) scripts/lint.sh $(BUILD)/gen $(filter-out -I$(BUILD)/gen,$(ALL_CPPFLAGS)) -- $(LIB_SRC) $(CONFIG_SRC) $(TVSD_SRC) $(TVSCTL_SRC) $(TVSC_SRC)

check-security: ## The tests that SECURITY.md names are there
	@scripts/check-security.sh

check-threads: $(THREAD_CHECKS)
	@$(DATA_ENV) scripts/run-checks.sh $^

check-tokens: all $(IT_PROGRAMS) $(BUILD)/tests/libtrust/check_token $(BUILD)/tests/tvsctl/check_token_agent ## Security tokens: SoftHSM2's, and a module that does what real ones do when something is wrong
	@BUILD=$(BUILD) scripts/tools.sh
	@$(DATA_ENV) scripts/run-checks.sh $(BUILD)/tests/libtrust/check_token $(BUILD)/tests/tvsctl/check_token_agent
	@BUILD=$(BUILD) tests/it/run.sh tests/it/57-tokens.sh

check-boot: all $(IT_PROGRAMS) ## tvsd under a systemd of its own in a container (root, debootstrap, systemd-nspawn)
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) TVS_BOOT=yes tests/it/run.sh tests/it/70-systemd.sh tests/it/71-unit.sh

# One at a time: containers share a control group, and package builds the processors. RELEASES: of Debian, for the packages;
# TVS_ROOTS: a folder with minimal Debians that debootstrap made, which saves making them.
check-ops: all $(IT_PROGRAMS) $(EVENTS_MAN) check-man ## Installed, run and watched on Debian: systemd, packages in RELEASES="bookworm trixie", contrib/ (root, debootstrap; minutes)
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) TVS_BOOT=yes TVS_IT_AT_ONCE=1 RELEASES='$(or $(RELEASES),bookworm trixie)' JOBS=$(JOBS) tests/it/run.sh tests/it/70-systemd.sh tests/it/71-unit.sh \
	    tests/it/73-completion.sh $(wildcard tests/ops/[0-9]*.sh)

check-hammer: all $(IT_PROGRAMS) ## A minute of questions while everything changes; check-it has five seconds of it
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) TVS_HAMMER_SECONDS=$(or $(TVS_HAMMER_SECONDS),60) tests/it/run.sh tests/it/80-hammer.sh

check-crash: all $(IT_PROGRAMS) ## Kill phrases at every system call, and fail every write; check-it tries a thirtieth of them, CI a tenth
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) TVS_CRASH_SHARE=1 tests/it/run.sh tests/it/85-crash.sh

check-hostile: all $(IT_PROGRAMS) ## A phone beside hostile clients of every kind, hostile files, refusals; check-it has a short part
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) TVS_HOSTILE=yes TVS_IT_AT_ONCE=1 tests/it/run.sh $(addprefix tests/it/,50-noise.sh 52-hostile.sh 53-hostile-files.sh \
	    54-start-refusals.sh 60-bad-input.sh 65-descriptors.sh)

# What it measures with what is no part of `make check`.
BENCH_PROGRAMS := $(BUILD)/bench/fill $(BUILD)/bench/loop
$(BENCH_PROGRAMS): $(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS_LIB) $(LIBS_IT)

bench: all $(BENCH_PROGRAMS) ## What tvsd costs, beside nginx and a bare loop: bench/README.md; ROWS='handshake …', BENCH_PAIRS=5, BENCH_SHARE=1, TVS_PEER=…
	@BUILD=$(BUILD) scripts/tools.sh
	@BUILD=$(BUILD) bench/tools.sh
	@BUILD=$(BUILD) bench/run.sh $(ROWS)

cover: ## Line coverage of libtrust by its unit tests; at least 90 %
	@$(SELF) -j$(JOBS) BUILD=$(BUILD)/cover COVERAGE=yes CFLAGS='-O0 -g' check-cover

.PHONY: check-cover
check-cover: $(filter $(BUILD)/tests/libtrust/%,$(CHECKS)) $(FAKE_MODULE)
	@find $(BUILD) -name '*.gcda' -delete
	@$(DATA_ENV) scripts/run-checks.sh $(filter-out $(FAKE_MODULE),$^) >$(BUILD)/checks.log || { tail -40 $(BUILD)/checks.log; exit 1; }
	@scripts/coverage.sh $(BUILD)/obj/libtrust 90

compdir := $(PREFIX)/share/bash-completion/completions
DOCS := README.md NEWS.md SECURITY.md HACKING.md LICENSE conf/tvsd.yaml conf/tftpd.map systemd/own-sockets.conf

install: all $(EVENTS_MAN) ## Install under DESTDIR and PREFIX (/usr/local); an existing configuration is kept
	install -d $(addprefix $(DESTDIR),$(sbindir) $(bindir) $(libdir)/pkgconfig $(includedir)/trust $(mandir)/man1 $(mandir)/man5 $(mandir)/man7 $(mandir)/man8 \
	    $(docdir) $(unitdir) $(PREFIX)/lib/sysusers.d $(PREFIX)/lib/tmpfiles.d $(compdir) $(sysconfdir)/tvs)
	@$(SELF) DEPS_CHECKED=yes BUILD=$(BUILD) $(BUILD)/install/tvsd $(BUILD)/install/tvsctl $(BUILD)/install/tvsc
	install -m 0755 $(BUILD)/install/tvsd $(BUILD)/install/tvsctl $(DESTDIR)$(sbindir)
	install -m 0755 $(BUILD)/install/tvsc $(DESTDIR)$(bindir)
	install -m 0644 $(SO) $(DESTDIR)$(libdir)
	ln -sf $(notdir $(SO)) $(DESTDIR)$(libdir)/libtrust.so
	install -m 0644 libtrust/trust.h $(DESTDIR)$(includedir)
	install -m 0644 $(wildcard libtrust/trust/*.h) $(DESTDIR)$(includedir)/trust
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(libdir)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@REQUIRES@|$(strip $(PKGS_LIB))|' libtrust/libtrust.pc.in >$(DESTDIR)$(libdir)/pkgconfig/libtrust.pc
	for page in $(MAN_PAGES); do install -m 0644 $$page $(DESTDIR)$(mandir)/man$${page##*.}/; done
	install -m 0644 $(DOCS) $(DESTDIR)$(docdir)
	install -D -m 0644 -t $(DESTDIR)$(docdir)/docs $(wildcard docs/*.md)
	cd contrib && find . -type f -exec install -D -m 0644 {} $(DESTDIR)$(docdir)/contrib/{} \;
	scripts/unit.sh service $(sbindir) $(sysconfdir) $(libdir) >$(DESTDIR)$(unitdir)/tvsd.service
	scripts/unit.sh instance $(sbindir) $(sysconfdir) $(libdir) >$(DESTDIR)$(unitdir)/tvsd@.service
	install -m 0644 systemd/tvsd.socket $(DESTDIR)$(unitdir)
	install -m 0644 systemd/tvsd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/tvsd.conf
	install -m 0644 systemd/tvsd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/tvsd.conf
	install -m 0644 completions/tvsctl.bash $(DESTDIR)$(compdir)/tvsctl
	for program in tvsd tvsc; do sed -e "s|@PROGRAM@|$$program|g" completions/tvsd.bash >$(DESTDIR)$(compdir)/$$program; done
	test -e $(DESTDIR)$(sysconfdir)/tvs/tvsd.yaml || install -m 0644 conf/tvsd.yaml $(DESTDIR)$(sysconfdir)/tvs/tvsd.yaml
	$(if $(DESTDIR),,-ldconfig)

uninstall: ## Remove what `make install` put there, but for configuration and state
	rm -f $(addprefix $(DESTDIR)$(sbindir)/,tvsd tvsctl) $(DESTDIR)$(bindir)/tvsc
	rm -f $(DESTDIR)$(libdir)/libtrust.so $(DESTDIR)$(libdir)/$(notdir $(SO)) $(DESTDIR)$(libdir)/pkgconfig/libtrust.pc
	rm -f $(DESTDIR)$(includedir)/trust.h $(addprefix $(DESTDIR)$(includedir)/trust/,$(notdir $(wildcard libtrust/trust/*.h)))
	for page in $(notdir $(MAN_PAGES)); do rm -f $(DESTDIR)$(mandir)/man$${page##*.}/$$page; done
	rm -f $(addprefix $(DESTDIR)$(unitdir)/,tvsd.service tvsd@.service tvsd.socket) $(addprefix $(DESTDIR)$(PREFIX)/lib/,sysusers.d/tvsd.conf tmpfiles.d/tvsd.conf)
	rm -f $(addprefix $(DESTDIR)$(docdir)/,$(notdir $(DOCS)))
	rm -rf $(addprefix $(DESTDIR)$(docdir)/,contrib docs)
	rm -f $(addprefix $(DESTDIR)$(compdir)/,tvsd tvsctl tvsc)
	-rmdir $(DESTDIR)$(includedir)/trust $(DESTDIR)$(docdir)
	$(if $(DESTDIR),,-ldconfig)

# The same programs without the run path.
$(BUILD)/install/%: RUNPATH =
$(BUILD)/install/tvsd: $(call objects,$(TVSD_SRC) $(CONFIG_SRC)) | $(BUILD)/libtrust.so
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINK) $(LIBS_TVSD)
$(BUILD)/install/tvsctl: $(call objects,$(TVSCTL_SRC) $(CONFIG_SRC)) | $(BUILD)/libtrust.so
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINK) $(LIBS_TVSCTL)
$(BUILD)/install/tvsc: $(call objects,$(TVSC_SRC)) | $(BUILD)/libtrust.so
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINK) $(LIBS_TVSC)

clean: ## Remove build/
	rm -rf $(BUILD)
