#!/bin/sh
# fuzz-short.sh [TARGET...]    all fuzz targets unless some are named
#
# A bounded run of each target, for CI: at most RUNS inputs (20000) and SECONDS_EACH seconds (60). What the fuzzer finds worth keeping goes
# to fuzz/corpus, inputs that fail to fuzz/artifacts; neither is in the repository.
#
# Without cargo-fuzz (cargo install cargo-fuzz --locked) the same checks run on the seeds and on damaged copies of them.
set -eu
cd "$(dirname "$0")/../fuzz"

if ! command -v cargo-fuzz >/dev/null; then
    echo "fuzz-short.sh: cargo-fuzz is not installed: the seeds and damaged copies of them instead"
    exec cargo test --quiet --no-default-features --test seeds -- --nocapture
fi

# The fuzzer's hooks in the compiler's output are behind an unstable flag, which is all that a nightly toolchain would be for.
export RUSTC_BOOTSTRAP=1
[ $# -gt 0 ] || set -- bundle plan plan_edits seccomp mount_options wire store
cargo fuzz build --sanitizer none --fuzz-dir .
for target; do
    case $target in
    bundle | plan) seeds="seeds/configs ../runtime-lib/tests/corpus/engines" ;;
    seccomp) seeds="seeds/seccomp ../runtime-lib/tests/corpus/engines" ;;
    *) seeds=seeds/$target ;;
    esac
    mkdir -p "corpus/$target" "artifacts/$target"
    log=artifacts/$target/log
    # shellcheck disable=SC2086 # a list of folders
    if ! cargo fuzz run --sanitizer none --fuzz-dir . "$target" "corpus/$target" $seeds -- \
        -runs="${RUNS:-20000}" -max_total_time="${SECONDS_EACH:-60}" -timeout=10 -rss_limit_mb=1024 >"$log" 2>&1; then
        grep -A 2 -e 'panicked at' -e '^==.*ERROR' "$log" >&2 || tail -n 20 "$log" >&2
        echo "fuzz-short.sh: $target failed; its input is in fuzz/artifacts/$target, the whole output in fuzz/$log" >&2
        exit 1
    fi
    echo "$target: $(tail -n 1 "$log")"
done
