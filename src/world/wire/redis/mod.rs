//! The world's cache: Redis' protocol on loopback, for what an operator asks of a cache.

mod command;
mod resp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::host::Host;
use super::loopback;
use command::Client;

/// The cache's port, open for as long as this lives.
#[derive(Debug)]
pub(super) struct Port {
    /// `redis://127.0.0.1:PORT/0`.
    pub url: String,
    _open: loopback::Open,
}

type Clients = Arc<Mutex<Vec<Client>>>;

/// A free port of this address.
pub(super) fn bind(address: IpAddr) -> io::Result<std::net::TcpListener> {
    std::net::TcpListener::bind(SocketAddr::new(address, 0))
}

/// Answers on this port.
pub(super) fn open(host: &Host, listener: std::net::TcpListener) -> io::Result<Port> {
    let url = format!("redis://{}/0", listener.local_addr()?);
    let host = host.clone();
    let clients = Clients::default();
    let mut ids = 1_000..;
    let open = loopback::open(listener, move |stream, from| {
        let since = host.with(|world| world.now);
        let me = Client { id: ids.next().unwrap_or_default(), address: from.to_string(), name: String::new(), since };
        talk(host.clone(), Arc::clone(&clients), me, stream)
    })?;
    Ok(Port { url, _open: open })
}

/// One client, until it goes or says something that is no command.
async fn talk(host: Host, clients: Clients, mut me: Client, mut stream: TcpStream) -> io::Result<()> {
    let all = || clients.lock().unwrap_or_else(PoisonError::into_inner);
    all().push(me.clone());
    let id = me.id;
    let _leaves = Leaves(Arc::clone(&clients), id);
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    while let Some(words) = resp::read(&mut read).await? {
        let word = |i: usize| words.get(i).map(|w| w.to_ascii_uppercase()).unwrap_or_default();
        let reply = if word(0) == "CLIENT" && word(1) == "SETNAME" && words.len() == 3 {
            me.name.clone_from(&words[2]);
            if let Some(client) = all().iter_mut().find(|c| c.id == id) {
                client.name.clone_from(&me.name);
            }
            resp::Reply::Ok
        } else {
            let clients = all().clone();
            host.with(|world| command::perform(world, &clients, &me, &words))
        };
        let mut bytes = Vec::new();
        reply.write(&mut bytes);
        write.write_all(&bytes).await?;
        if word(0) == "QUIT" {
            return Ok(());
        }
    }
    Ok(())
}

/// Takes a client off the list, however it ends.
struct Leaves(Clients, i64);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|c| c.id != self.1);
    }
}
