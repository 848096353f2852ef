//! What init can do. Each step is a type of its own, declared once: its fields, its form on the wire, its number, and
//! how it reads to a person ([`Reads`]). How a step is carried out stands in the image, which does not compile as long
//! as one is missing ([`Act`]).
//!
//! The steps stand in rooms, a file or a folder each. A step's number is its room's and its own in that room.

#[macro_use]
mod declare;
mod reads;
mod words;

pub mod devices;
pub mod hooks;
pub mod kernel;
pub mod labels;
pub mod landlock;
pub mod mounts;
pub mod namespaces;
pub mod network;
pub mod process;
pub mod program;
pub mod rootfs;
pub mod start;
pub mod terminal;
pub mod turns;

pub use reads::{Attempted, Failed, Hint, Member, Phrase, Reads};
pub use words::{Escaped, Quoted};

use crate::wire::{Malformed, Reader, Wire};

/// A step's place among all of them.
pub trait Numbered {
    /// The number of its room, and its own in that room.
    const NUMBER: (u8, u8);
}

/// Whoever carries out steps.
pub trait Hand {
    /// What carrying out a step gives.
    type Outcome;
}

/// A step as a hand carries it out.
pub trait Act<H: Hand> {
    /// Carries it out.
    fn act(&self, hand: &mut H) -> H::Outcome;
}

/// Gives the list of rooms to a macro: each with its name, its module, its lifetime if it has one, and its number.
macro_rules! each_room {
    ($callback:ident! { $($rest:tt)* }) => {
        $callback! {
            $($rest)*
            Namespaces namespaces ('a) = 1,
            Turns turns () = 2,
            Rootfs rootfs ('a) = 3,
            Mounts mounts ('a) = 4,
            Devices devices ('a) = 5,
            Terminal terminal () = 6,
            Network network () = 7,
            Hooks hooks ('a) = 8,
            Kernel kernel ('a) = 9,
            Process process ('a) = 10,
            Program program ('a) = 11,
            Labels labels ('a) = 12,
            Landlock landlock ('a) = 13,
            Start start () = 14,
        }
    };
}

each_room! { rooms! { 'a; } }
