//! Black-box tests and benchmarks of any OCI runtime binary.

fn main() {}
