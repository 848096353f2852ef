#!/usr/bin/env python3
"""Writes runtime-lib/src/seccomp/table.rs: the numbers of Linux's system calls, from the kernel's headers.

Usage: tools/syscalls/generate.py > runtime-lib/src/seccomp/table.rs

Needs gcc and Debian's packages linux-libc-dev, linux-libc-dev-arm64-cross, linux-libc-dev-armhf-cross, linux-libc-dev-riscv64-cross and
libseccomp-dev (for the names of calls that only other architectures have). Their headers may be older than the newest kernel: what
came later stands in NEWER.
"""

import re
import subprocess

# Column, include folder, options of the preprocessor, what is subtracted from each number.
ARCHITECTURES = [
    ("x86_64", "/usr/include/x86_64-linux-gnu", ["-m64"], 0),
    ("x86", "/usr/include/x86_64-linux-gnu", ["-m32"], 0),
    ("x32", "/usr/include/x86_64-linux-gnu", ["-D__ILP32__"], 0x40000000),
    ("aarch64", "/usr/aarch64-linux-gnu/include", [], 0),
    ("arm", "/usr/arm-linux-gnueabihf/include", ["-D__ARM_EABI__"], 0),
    ("riscv64", "/usr/riscv64-linux-gnu/include", ["-D__riscv_xlen=64"], 0),
]

# Calls that came after Linux 6.1, up to 6.18. Those of COMMON have one number everywhere.
COMMON = {
    "cachestat": 451,  # Linux 6.5
    "fchmodat2": 452,  # 6.6
    "map_shadow_stack": 453,  # 6.6
    "futex_wake": 454,  # 6.7
    "futex_wait": 455,
    "futex_requeue": 456,
    "statmount": 457,  # 6.8
    "listmount": 458,
    "lsm_get_self_attr": 459,
    "lsm_set_self_attr": 460,
    "lsm_list_modules": 461,
    "mseal": 462,  # 6.10
    "setxattrat": 463,  # 6.13
    "getxattrat": 464,
    "listxattrat": 465,
    "removexattrat": 466,
    "open_tree_attr": 467,  # 6.15
    "file_getattr": 468,  # 6.17
    "file_setattr": 469,
}
NEWER = {
    ("riscv64", "riscv_hwprobe"): 258,  # 6.4
    ("x86_64", "uretprobe"): 335,  # 6.11
    ("x32", "uretprobe"): 335,
    ("x86_64", "uprobe"): 336,  # 6.18
    ("x32", "uprobe"): 336,
}
# ARM's private calls start here; the table has them at PRIVATE_COLUMN, so that all numbers are small.
ARM_PRIVATE = 0x0F0000
PRIVATE_COLUMN = 0x7F00
# Names in the headers that are no system calls.
NO_CALLS = {"syscalls", "arch_specific_syscall", "SYSCALL_BASE", "OABI_SYSCALL_BASE", "SYSCALL_MASK", "BASE"}


def preprocess(folder, options, text, *more):
    command = ["gcc", "-E", *more, "-nostdinc", "-I", folder, *options, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def numbers(folder, options, base):
    include = "#include <asm/unistd.h>\n"
    names = set(re.findall(r"#define (__(?:ARM_)?NR_\w+) ", preprocess(folder, options, include, "-dM")))
    found = {}
    for line in preprocess(folder, options, include + "".join(f"@{name[2:]} {name}\n" for name in sorted(names))).splitlines():
        if not line.startswith("@"):
            continue
        symbol, expression = line[1:].split(" ", 1)
        name = symbol.removeprefix("ARM_").removeprefix("NR_")
        if name in NO_CALLS or name.startswith("3264_"):
            continue
        number = eval(expression) - base  # an expression of numbers out of the kernel's own headers
        found[name] = number if number < ARM_PRIVATE else number - ARM_PRIVATE + PRIVATE_COLUMN
    return found


def main():
    columns = {}
    for column, folder, options, base in ARCHITECTURES:
        columns[column] = numbers(folder, options, base) | COMMON
    for (column, name), number in NEWER.items():
        columns[column][name] = number
    with open("/usr/include/seccomp-syscalls.h", encoding="utf-8") as header:
        foreign = {name for name in re.findall(r"#define __SNR_(\w+)", header.read())}
    names = sorted(foreign.union(*columns.values()))
    print("//! The numbers of Linux's system calls, up to Linux 6.18. Made by `tools/syscalls/generate.py`, not by hand.")
    print("//!")
    print("//! A number is -1 where the architecture has no such call. x32's are without its bit 30. ARM's private calls (`0x0f0000` and up)")
    print("//! stand at `0x7f00` and up. A name without any number belongs to architectures that have no column here.")
    print()
    print("/// The columns of [`ROWS`].")
    print(f"pub(super) const COLUMNS: usize = {len(ARCHITECTURES)};")
    print()
    print(f"/// Name, and numbers for {', '.join(column for column, *_ in ARCHITECTURES)}; sorted by name.")
    print("#[rustfmt::skip]")
    print(f"pub(super) const ROWS: [(&str, [i16; COLUMNS]); {len(names)}] = [")
    for name in names:
        row = ", ".join(str(columns[column].get(name, -1)) for column, *_ in ARCHITECTURES)
        print(f'    ("{name}", [{row}]),')
    print("];")


if __name__ == "__main__":
    main()
