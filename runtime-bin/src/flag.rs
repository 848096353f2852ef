//! What a flag is. Each flag that a verb looks up is a type, so that a misspelt one does not compile.

use std::ffi::OsStr;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing; `--flag=false` takes it back.
    Switch,
    /// A word.
    Text,
    /// A number from 0 on.
    Number,
    /// A length of time as Go writes it.
    Time,
    /// A word; may be given several times.
    List,
}

/// One flag, as the rows of the table have it.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) short: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    /// Accepted and not shown.
    pub(crate) hidden: bool,
    /// The value is a folder's path.
    pub(crate) is_folder: bool,
    /// The value is a whole number, of either sign.
    pub(crate) is_integer: bool,
    /// The value is one of a few words.
    pub(crate) choices: Option<Choices>,
}

/// The words that a flag takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choices {
    /// The words, with spaces between them.
    pub(crate) words: &'static str,
    /// What another word is told to be, in runc's words.
    pub(crate) fault: &'static str,
    /// More words, that are taken and not told of: other ways to write those.
    others: &'static str,
}

impl Choices {
    fn each(&self) -> impl Iterator<Item = &'static str> {
        self.words.split(' ')
    }

    pub(crate) fn has(&self, value: &OsStr) -> bool {
        self.each().chain(self.others.split(' ')).any(|word| value == word)
    }

    /// `the choices are table and json`
    pub(crate) fn told(&self) -> String {
        let words: Vec<&str> = self.each().collect();
        match words.split_last() {
            Some((last, [])) => format!("the only choice is {last}"),
            Some((last, others)) => format!("the choices are {} and {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

impl Flag {
    pub(crate) const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            short: None,
            kind,
            help,
            hidden: false,
            is_folder: false,
            is_integer: false,
            choices: None,
        }
    }

    pub(crate) const fn text(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Text, help)
    }

    pub(crate) const fn short(self, short: &'static str) -> Self {
        Self {
            short: Some(short),
            ..self
        }
    }

    pub(crate) const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// The value is one of these words, with spaces between them; another one is told as this fault.
    pub(crate) const fn choices(self, words: &'static str, fault: &'static str) -> Self {
        Self {
            choices: Some(Choices {
                words,
                fault,
                others: words,
            }),
            ..self
        }
    }

    /// The choices in other spellings; one blank more at the end stands for an empty one.
    pub(crate) const fn also(self, others: &'static str) -> Self {
        let choices = match self.choices {
            None => None,
            Some(choices) => Some(Choices { others, ..choices }),
        };
        Self { choices, ..self }
    }

    pub(crate) const fn integer(self) -> Self {
        Self {
            is_integer: true,
            ..self
        }
    }

    pub(crate) const fn folder(self) -> Self {
        Self {
            is_folder: true,
            ..self
        }
    }
}

/// A flag that is looked up. [`flags!`] declares it.
pub(crate) trait Declared {
    /// [`Switch`], [`Text`], [`Number`], [`Time`] or [`List`]: what the look-up gives.
    type Kind;
    const FLAG: Flag;
}

#[derive(Debug)]
pub(crate) struct Switch;

#[derive(Debug)]
pub(crate) struct Text;

#[derive(Debug)]
pub(crate) struct Number;

#[derive(Debug)]
pub(crate) struct Time;

#[derive(Debug)]
pub(crate) struct List;

/// Declares flags, one a line: `Detach: Switch("detach", "do not wait for the process").short("d");`
macro_rules! flags {
    ($($flag:ident: $kind:ident($name:literal, $help:literal) $(.$mark:ident($($with:literal),*))*;)*) => {$(
        #[derive(Debug)]
        pub(crate) struct $flag;

        impl $crate::flag::Declared for $flag {
            type Kind = $crate::flag::$kind;
            const FLAG: $crate::flag::Flag =
                $crate::flag::Flag::new($name, $crate::flag::Kind::$kind, $help)$(.$mark($($with),*))*;
        }
    )*};
}
pub(crate) use flags;

/// Whoever has flags: the program, or a verb.
pub(crate) trait HasFlags {
    const FLAGS: &'static [Flag];
}

/// The flag of the list with this name, long or short.
pub(crate) fn find(flags: &'static [Flag], name: &str) -> Option<&'static Flag> {
    flags.iter().find(|flag| flag.name == name || flag.short == Some(name))
}

/// Whether a list has a flag of this name and kind. Asked by the compiler, which has no `==` for text.
pub(crate) const fn has(flags: &[Flag], wanted: &Flag) -> bool {
    let mut at = 0;
    while at < flags.len() {
        let flag = &flags[at];
        if is_same(flag.name.as_bytes(), wanted.name.as_bytes()) && flag.kind as u8 == wanted.kind as u8 {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_known_by_its_whole_name_and_its_kind() {
        const FLAGS: &[Flag] = &[Flag::text("log-format", ""), Flag::text("root", "")];
        for name in ["log-format", "root"] {
            assert!(has(FLAGS, &Flag::text(name, "")) && !has(FLAGS, &Flag::new(name, Kind::Switch, "")));
        }
        for name in ["log", "roots", ""] {
            assert!(!has(FLAGS, &Flag::text(name, "")));
        }
    }
}
