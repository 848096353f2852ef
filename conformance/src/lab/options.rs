//! The arguments of `conformance lab`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::options::value;

/// What `conformance lab` was told.
pub(super) struct Options {
    pub(super) forms: Vec<&'static str>,
    /// Releases of Debian, which the machine has its programs of.
    pub(super) releases: Vec<&'static str>,
    /// Releases of Debian, which the machine has its kernel of; its own unless given.
    pub(super) kernels: Vec<&'static str>,
    pub(super) images: PathBuf,
    /// Longest time for one machine.
    pub(super) limit: Duration,
    pub(super) console: Option<PathBuf>,
    /// How qemu runs the machine's instructions.
    pub(super) accelerator: &'static str,
    /// What this program is started with inside, by its names there.
    pub(super) words: Vec<String>,
    /// Files of this host, and their names inside.
    pub(super) taken: Vec<(PathBuf, String)>,
}

const FORMS: [&str; 3] = ["v2", "systemd", "hybrid"];
const RELEASES: [&str; 2] = ["bookworm", "trixie"];
const KERNELS: [&str; 3] = ["bookworm", "trixie", "bullseye"];

impl Options {
    /// # Errors
    /// A sentence about the word that is wrong.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            forms: Vec::new(),
            releases: Vec::new(),
            kernels: Vec::new(),
            images: Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/lab"),
            limit: Duration::from_secs(3600),
            console: None,
            accelerator: "tcg,thread=multi",
            words: Vec::new(),
            taken: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--form" => options.forms.push(one_of(&FORMS, word, value(word, &mut words)?)?),
                "--release" => options
                    .releases
                    .push(one_of(&RELEASES, word, value(word, &mut words)?)?),
                "--kernel" => options.kernels.push(one_of(&KERNELS, word, value(word, &mut words)?)?),
                "--images" => options.images = value(word, &mut words)?.into(),
                "--console" => options.console = Some(value(word, &mut words)?.into()),
                "--kvm" => options.accelerator = "kvm",
                "--limit" => {
                    let minutes: u64 = value(word, &mut words)?
                        .parse()
                        .map_err(|_| format!("{word}: not a number of minutes"))?;
                    options.limit = Duration::from_secs(minutes.saturating_mul(60));
                }
                flag if flag.starts_with('-') => return Err(format!("unknown option {flag:?}")),
                verb => {
                    options.words.push(verb.to_owned());
                    break;
                }
            }
        }
        if options.words.is_empty() {
            return Err("what is to be run in the machine is missing: run, inject, bench, ...".into());
        }
        while let Some(word) = words.next() {
            options.words.push(word.clone());
            if word == "--runtime" || word == "--older" {
                let path = value(word, &mut words)?;
                let name = options.take(path)?;
                options.words.push(name);
            }
        }
        if options.forms.is_empty() {
            options.forms.push("v2");
        }
        if options.releases.is_empty() {
            options.releases.push("bookworm");
        }
        Ok(options)
    }

    /// The machines, by form, release and kernel: each with each.
    pub(super) fn machines(&self) -> Vec<[&'static str; 3]> {
        let mut machines = Vec::new();
        for release in &self.releases {
            let own = std::slice::from_ref(release);
            let kernels = if self.kernels.is_empty() { own } else { &self.kernels };
            for kernel in kernels {
                machines.extend(self.forms.iter().map(|form| [*form, release, kernel]));
            }
        }
        machines
    }

    /// Whether the machine is to have container engines.
    pub(super) fn has_engines(&self) -> bool {
        self.words.first().is_some_and(|verb| verb == "engines")
    }

    /// The name that a runtime has inside.
    fn take(&mut self, path: &str) -> Result<String, String> {
        if let Some(inside) = path.strip_prefix("guest:") {
            return Ok(inside.to_owned());
        }
        let file = Path::new(path);
        let name = file
            .file_name()
            .filter(|_| file.is_file())
            .ok_or_else(|| format!("{path}: no such file"))?;
        // Each in a folder of its own: the runtime's name is told by the results.
        let inside = format!("bin{}/{}", self.taken.len(), name.to_string_lossy());
        self.taken.push((file.to_owned(), inside.clone()));
        Ok(format!("/lab/{inside}"))
    }
}

fn one_of(known: &[&'static str], option: &str, word: &str) -> Result<&'static str, String> {
    let found = known.iter().find(|name| **name == word);
    found
        .copied()
        .ok_or_else(|| format!("{option}: {word:?} is none of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parsed(words: &str) -> Result<Options, String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn runtimes_are_taken_along_under_a_name_of_their_own() {
        let options =
            parsed("--form hybrid run --runtime /bin/sh --older /bin/sh --runtime guest:/usr/sbin/runc --quiet");
        let options = options.unwrap();
        let words = "run --runtime /lab/bin0/sh --older /lab/bin1/sh --runtime /usr/sbin/runc --quiet";
        assert_eq!(options.words.join(" "), words);
        assert_eq!(options.taken.len(), 2);
        assert_eq!(options.forms, ["hybrid"]);
        assert_eq!(options.machines(), [["hybrid", "bookworm", "bookworm"]]);
    }

    #[test]
    fn a_machine_has_the_kernel_of_its_release_unless_told() {
        let options = parsed("--release trixie --release bookworm run").unwrap();
        assert_eq!(
            options.machines(),
            [["v2", "trixie", "trixie"], ["v2", "bookworm", "bookworm"]]
        );
        let options = parsed("--form v2 --form systemd --kernel bullseye run").unwrap();
        assert_eq!(
            options.machines(),
            [["v2", "bookworm", "bullseye"], ["systemd", "bookworm", "bullseye"]]
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for words in [
            "",
            "--form v3 run",
            "--kernel sid run",
            "--release bullseye run",
            "run --runtime /nosuch",
            "--frm v2",
            "run --runtime",
        ] {
            assert!(parsed(words).is_err(), "{words:?}");
        }
    }
}
