//! A port of this machine on which the world answers.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Connections are taken for as long as this lives; they end with it.
#[derive(Debug)]
pub(super) struct Open(AbortHandle);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes each connection with a task of its own.
pub(super) fn open<T>(
    listener: std::net::TcpListener,
    mut talk: impl FnMut(TcpStream, SocketAddr) -> T + Send + 'static,
) -> io::Result<Open>
where
    T: Future<Output: Send> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let task = tokio::spawn(async move {
        // Dropped with this task, and with it every connection.
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, from)) => {
                    connections.spawn(talk(stream, from));
                }
                // Out of file descriptors, most likely: let some connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
    Ok(Open(task.abort_handle()))
}
