//! Calls the library and hands its exit code to the shell; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    plantao::cli::main()
}
