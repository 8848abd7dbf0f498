//! The program: reads the command line and hands over to the library.

use clap::Parser;
use std::process::ExitCode;
use tidegate::cli::{self, Cli};

mod wire;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr());
    cli::run(&cli, &wire::Program, &mut out, &mut err).into()
}
