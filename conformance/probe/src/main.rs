//! The program that runs inside the containers of the conformance tests.

fn main() {}
