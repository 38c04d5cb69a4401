//! Room tui: a stub of the lead's, so that the command line builds.

use std::future::Future;
use std::io;
use std::sync::Arc;

use crate::aws::Clients;
use crate::clock::Clock;
use crate::platform::Platform;

/// How the screen behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// ASCII only.
    pub ascii: bool,
    /// The mouse is ours.
    pub mouse: bool,
}

/// Opens the dashboard.
pub async fn run(
    _platform: Arc<Platform>,
    connect: impl Future<Output = Clients> + Send + 'static,
    _clock: Clock,
    _options: Options,
) -> io::Result<()> {
    drop(connect.await);
    Ok(())
}
