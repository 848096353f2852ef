#!/bin/sh
# check-aarch64.sh [CACHE]    (CACHE: target/debian-rust)
#
# On an x86_64 Debian 12: is the init image, and the whole of orlop, good for aarch64? Compiles both with the Rust of Debian's security
# archive, whose libraries for arm64 can be fetched, and runs what came out under qemu-user. Nothing is installed; about 130 MB are
# fetched into CACHE, which may be kept.
#
# The first part needs cargo's own rust-lld only; the second a linker for aarch64 (gcc-aarch64-linux-gnu, libc6-dev-arm64-cross) and is
# skipped with a word where there is none.
set -eu
cd "$(dirname "$0")/.."

target=aarch64-unknown-linux-gnu
cache=${1:-${CARGO_TARGET_DIR:-target}/debian-rust}
tools/debian-rust.sh "$cache" libstd-rust-web-dev:arm64 qemu-user-static
root=$(cd "$cache/root" && pwd)
qemu=$root/usr/bin/qemu-aarch64-static
work=$cache/aarch64
mkdir -p "$work"
work=$(cd "$work" && pwd)

# Debian's rustc, with its libraries, under one name; the linker is that of the toolchain we have.
lld=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
cat >"$work/rustc" <<END
#!/bin/sh
export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
exec $root/usr/bin/rustc "\$@"
END
chmod +x "$work/rustc"
"$work/rustc" --version

echo "== the init image"
"$work/rustc" runtime-lib/init/src/image/main.rs --crate-name orlop_init_image --crate-type bin --edition 2024 --target $target \
    -D warnings -C opt-level=s -C panic=abort -C lto=fat -C codegen-units=1 -C strip=symbols -C relocation-model=static \
    -C target-feature=+crt-static -C default-linker-libraries=no -C force-unwind-tables=no \
    -C "linker=$lld" -C linker-flavor=ld.lld -C link-arg=-static -C link-arg=-znoexecstack -C link-arg=-znorelro \
    -C link-arg=--build-id=none -C link-arg=--gc-sections -o "$work/image"
echo "$(stat -c %s "$work/image") bytes"

# Without a plan, and with one that is none, init ends with 253.
printf 'this is no plan' >"$work/broken"
for plan in '' "$work/broken"; do
    status=0
    if [ -z "$plan" ]; then
        "$qemu" "$work/image" </dev/null || status=$?
    else
        "$qemu" "$work/image" 9 9<"$plan" </dev/null || status=$?
    fi
    echo "plan ${plan:-none}: exit status $status"
    [ "$status" = 253 ] || exit 1
done

echo "== the library and the binary"
if ! command -v aarch64-linux-gnu-gcc >/dev/null; then
    echo "skipped: no aarch64-linux-gnu-gcc (apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
    exit 0
fi
CARGO_TARGET_DIR=$work/target RUSTC=$work/rustc ORLOP_INIT_LINKER=$lld CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    cargo build --quiet --release --locked --target $target --package orlop-cli
binary=$work/target/$target/release/orlop
echo "$(stat -c %s "$binary") bytes"
"$qemu" "$binary" --version
"$qemu" "$binary" features | grep -q '"SCMP_ARCH_AARCH64"'

# A plan is made without touching the host, so all of that works under qemu as well.
mkdir -p "$work/bundle/rootfs"
cp runtime-lib/tests/corpus/engines/docker-plain.json "$work/bundle/config.json"
"$qemu" "$binary" explain --bundle "$work/bundle" | tail -n 3
echo "aarch64: all good"
