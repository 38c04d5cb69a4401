//! A real Redis server: the distribution's. It ends when its standard input does.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::packaged::Packaged;

static REDIS: Packaged = Packaged::new("redis-server", &["--version"], &["redis-server"]);

/// Asked to end, and not killed, a server takes the process of a save under way with it.
const KEEPER: &str = r#""$@" & server=$!
read -r _; kill $server; wait $server"#;

/// A server of a test's own.
pub struct Redis {
    /// `redis://:PASSWORD@127.0.0.1:PORT/0`.
    pub url: String,
    keeper: Child,
    _home: tempfile::TempDir,
}

impl Redis {
    /// Starts one with this password.
    pub fn start(password: &str) -> Redis {
        let home = tempfile::tempdir().expect("a folder for it");
        // Between finding a free port and taking it, somebody else can take it.
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("it has an address").port().to_string();
            drop(listener);
            let mut keeper = Command::new("/bin/sh");
            keeper.args(["-c", KEEPER, "sh"]).arg(REDIS.path());
            keeper.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
            keeper.args(["--requirepass", password, "--enable-debug-command", "yes", "--dir"]).arg(home.path());
            let one_at_a_time = super::starting();
            let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a shell");
            drop(one_at_a_time);
            let end = Instant::now() + Duration::from_secs(30);
            while Instant::now() < end {
                if TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
                    return Redis { url: format!("redis://:{password}@127.0.0.1:{port}/0"), keeper, _home: home };
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
        panic!("redis-server does not start");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
