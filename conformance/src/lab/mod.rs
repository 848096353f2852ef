//! `conformance lab`: a virtual machine with the kernel and the cgroups that users have, in which this program is started
//! again. What it prints there is printed here, as if it had run outside.
//!
//! Nothing of the host is touched: the machine's disks are made new for it or thrown away.

mod disk;
mod machine;
mod options;

use std::process::ExitCode;

use disk::Disk;
use machine::Machine;
use options::Options;

use crate::output::complain;

const HELP: &str = "\
conformance lab [--form FORM...] [--release SUITE...] [--kernel SUITE...] [--images DIR] [--limit MINUTES]
                [--console FILE] [--kvm] VERB WORD...

  VERB WORD...       what this program is started with inside: `run --runtime PATH --quiet`, `inject ...`. The files after
                     --runtime and --older are taken along; one that the machine has itself is `guest:PATH` (its Debian has
                     runc and crun)
  --form FORM        v2 (unified, without systemd), systemd (unified, started by systemd), hybrid (the controllers on v1);
                     v2 unless given
  --release SUITE    Debian 12 (bookworm, unless given) or 13 (trixie), with their systemd, engines and runtimes
  --kernel SUITE     Debian's kernel of bookworm (6.1), trixie (6.12) or bullseye (5.10); the release's own unless given
  --images DIR       where the disks are kept from one run to the next (target/lab)
  --limit MINUTES    the longest time for one machine (60)
  --console FILE     what the machine's kernel and services say
  --kvm              with the processor's help, where /dev/kvm does (ten times faster)
";

/// Runs the lab; the arguments are those after `lab`.
pub(crate) fn run(words: &[String]) -> ExitCode {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match Options::parse(words).and_then(|options| all(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => complain(&format!("lab: {text}")),
    }
}

/// Each form with each release and kernel, in turn; whether all ended well.
fn all(options: &Options) -> Result<bool, String> {
    let mut well = true;
    for what in options.machines() {
        let [form, release, kernel] = what;
        let of = if release == "bookworm" {
            String::new()
        } else {
            format!(" of {release}")
        };
        println!("lab: {form}{of}, the kernel of {kernel}");
        let disk = Disk::new(options, form)?;
        let machine = Machine::new(options, what, &disk)?;
        let status = machine.run(options.limit)?;
        println!("lab: {form}{of}, the kernel of {kernel}: ended with {status}");
        well &= status == 0;
    }
    Ok(well)
}
