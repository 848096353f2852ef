//! The container's half of orlop.
//!
//! A container is set up from the inside by a program of its own: [`IMAGE`], a static executable of less than 64 KiB,
//! without a heap, a libc or any state of the process that started it. The library `orlop` puts it into a sealed
//! memfd, executes it in the new namespaces, and hands it the plan: a list of [`step::Step`]s.

#![no_std]

pub mod linux;
pub mod step;
pub mod wire;

/// The init image: a static ELF executable for the target this crate was built for.
pub const IMAGE: &[u8] = include_bytes!(env!("ORLOP_INIT_IMAGE"));

#[cfg(test)]
mod tests {
    use super::IMAGE;

    #[test]
    fn the_image_is_a_small_elf_file() {
        assert_eq!(&IMAGE[..4], b"\x7fELF");
        assert!(IMAGE.len() < 64 * 1024, "{} bytes", IMAGE.len());
    }
}
