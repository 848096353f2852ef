# make            builds ./target/TARGET/release/orlop: against musl if rustup has that target, which starts three times as quickly,
#                 against glibc otherwise. tools/build-musl.sh builds it without rustup, too.
# make try        builds it and runs a short tour in a container
# make test       runs ./test.sh: everything that CI runs
# make install    PREFIX=/usr/local DESTDIR=
# make uninstall

PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo

bindir = $(DESTDIR)$(PREFIX)/sbin
mandir = $(DESTDIR)$(PREFIX)/share/man/man8
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

host := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
musl := $(subst -gnu,-musl,$(host))
triple := $(if $(wildcard $(shell rustc --print sysroot 2>/dev/null)/lib/rustlib/$(musl)/lib),$(musl),$(host))
target := $(or $(CARGO_TARGET_DIR),target)
# Below sudo there may be no rustc.
binary = $(if $(triple),$(target)/$(triple)/release/orlop,$(firstword $(wildcard $(target)/*/release/orlop)))

export ORLOP_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

.PHONY: build try test install uninstall

build:
	@tools/check-rust.sh $(CARGO)
	$(CARGO) build --release --locked --target $(triple) --package orlop-cli

try: build
	$(binary) try

test:
	./test.sh

# Installs what was built, and builds nothing: `make && sudo make install`.
install:
	@[ -x "$(binary)" ] || { echo "orlop is not built: run make first" >&2; exit 1; }
	install -d $(bindir) $(mandir) $(bashdir) $(zshdir) $(fishdir)
	install -m 0755 $(binary) $(bindir)/orlop
	$(binary) man >$(mandir)/orlop.8
	for command in $$($(binary) --help | sed -n '/^COMMANDS:/,/^$$/s/^   \([a-z]*\) .*/\1/p'); do \
		$(binary) man $$command >$(mandir)/orlop-$$command.8; \
	done
	$(binary) completion bash >$(bashdir)/orlop
	$(binary) completion zsh >$(zshdir)/_orlop
	$(binary) completion fish >$(fishdir)/orlop.fish

uninstall:
	rm -f $(bindir)/orlop $(mandir)/orlop.8 $(mandir)/orlop-*.8 $(bashdir)/orlop $(zshdir)/_orlop $(fishdir)/orlop.fish
