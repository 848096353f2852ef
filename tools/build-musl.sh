#!/bin/sh
# build-musl.sh [CACHE]    (CACHE: target/debian-rust)
#
# Builds the release binary for x86_64-unknown-linux-musl: target/x86_64-unknown-linux-musl/release/orlop. A static program of musl starts
# in a third of the time of one of glibc.
#
# With rustup's target (`rustup target add x86_64-unknown-linux-musl`) that is one call of cargo. Without it, on Debian 12: the Rust of the
# security archive is unpacked into CACHE (about 140 MB are fetched, nothing is installed), and cargo builds the standard library from its
# source against Debian's musl (apt-get install musl-dev).
set -eu
cd "$(dirname "$0")/.."

target=x86_64-unknown-linux-musl
binary=${CARGO_TARGET_DIR:-target}/$target/release/orlop

if [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
    cargo build --release --locked --target $target --package orlop-cli
    ls -l "$binary"
    exit 0
fi

libc=/usr/lib/x86_64-linux-musl
if [ ! -e $libc/rcrt1.o ]; then
    echo "build-musl.sh: there is neither rustup's target $target nor Debian's musl (apt-get install musl-dev)" >&2
    exit 1
fi
cache=${1:-${CARGO_TARGET_DIR:-target}/debian-rust}
tools/debian-rust.sh "$cache" rust-web-src
root=$(cd "$cache/root" && pwd)
mkdir -p "$cache/musl"
work=$(cd "$cache/musl" && pwd)

cat >"$work/rustc" <<END
#!/bin/sh
export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
exec $root/usr/bin/rustc "\$@"
END
chmod +x "$work/rustc"

# musl-gcc knows programs that are static or position independent, not both: the linker is given musl's files by hand.
cat >"$work/linker" <<END
#!/bin/sh
exec gcc -static-pie -nostartfiles -L$libc $libc/rcrt1.o $libc/crti.o "\$@" -lc -lgcc $libc/crtn.o
END
chmod +x "$work/linker"

# The standard library asks for the unwinder. Panics abort, and there are no backtraces: nothing in it is used.
rm -f "$work/libunwind.a"
ar cr "$work/libunwind.a"

RUSTC_BOOTSTRAP=1 RUSTC=$work/rustc CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=$work/linker \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS="-C target-feature=+crt-static -C link-self-contained=no -L native=$work" \
    cargo build --release --locked --target $target --package orlop-cli -Z build-std=std,panic_abort -Z build-std-features=
if readelf --program-headers "$binary" | grep -q INTERP; then
    echo "build-musl.sh: $binary is not static" >&2
    exit 1
fi
ls -l "$binary"
