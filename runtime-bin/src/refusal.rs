//! Why a verb failed.

/// A sentence that says why.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl From<orlop::Error> for Refusal {
    fn from(error: orlop::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<orlop::IdFault> for Refusal {
    fn from(fault: orlop::IdFault) -> Self {
        orlop::Error::from(fault).into()
    }
}

impl From<orlop::Failure> for Refusal {
    fn from(failure: orlop::Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Refusal {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What a verb gives: the program's exit status, or a refusal.
pub(crate) type Outcome = Result<u8, Refusal>;
