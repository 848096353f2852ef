//! As much of D-Bus as it takes to call a service (D-Bus specification, 0.41).

mod address;
mod authentication;
mod connection;
mod deadline;
mod marshal;
mod message;
mod unmarshal;

pub(super) use address::Address;
pub(super) use connection::{Call, CallFault, Connection};
pub(super) use deadline::Deadline;
pub(super) use marshal::Writer;
pub(super) use message::Message;
pub(super) use unmarshal::Malformed;

#[cfg(test)]
mod tests;
