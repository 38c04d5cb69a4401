//! The release build asks its linker to fold functions that are equal byte for byte: the AWS SDKs are generated, and
//! have thousands. Only where the linker can: rustc's own on x86-64 Linux can, GNU's can't.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const FOLD: &str = "-Wl,--icf=all";

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release && folds().unwrap_or(false) {
        println!("cargo::rustc-link-arg-bins={FOLD}");
    }
}

/// Whether a program that does nothing can be linked so. `None` if that can't be tried.
fn folds() -> Option<bool> {
    let mut rustc = Command::new(env::var_os("RUSTC")?);
    rustc.args(["-", "--target"]).arg(env::var_os("TARGET")?);
    rustc.arg("-o").arg(Path::new(&env::var_os("OUT_DIR")?).join("folds"));
    rustc.arg(format!("-Clink-arg={FOLD}"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", linker.to_str()?));
    }
    rustc.args(env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().split('\x1f').filter(|flag| !flag.is_empty()));
    let mut child = rustc.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    child.stdin.take()?.write_all(b"fn main() {}").ok()?;
    Some(child.wait().ok()?.success())
}
