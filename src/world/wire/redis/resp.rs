//! RESP2, Redis' protocol: commands in, replies out.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Ok,
    Simple(&'static str),
    Error(String),
    Int(i64),
    Bulk(String),
    List(Vec<Reply>),
}

impl Reply {
    pub fn write(&self, to: &mut Vec<u8>) {
        match self {
            Reply::Ok => to.extend_from_slice(b"+OK\r\n"),
            Reply::Simple(text) => to.extend_from_slice(format!("+{text}\r\n").as_bytes()),
            Reply::Error(text) => to.extend_from_slice(format!("-{text}\r\n").as_bytes()),
            Reply::Int(n) => to.extend_from_slice(format!(":{n}\r\n").as_bytes()),
            Reply::Bulk(text) => to.extend_from_slice(format!("${}\r\n{text}\r\n", text.len()).as_bytes()),
            Reply::List(items) => {
                to.extend_from_slice(format!("*{}\r\n", items.len()).as_bytes());
                for item in items {
                    item.write(to);
                }
            }
        }
    }
}

/// No command here is longer.
const MOST_ARGUMENTS: usize = 64;
const LONGEST: usize = 64 * 1024;

/// The next command; none at the end of the connection. An inline one is a line of words.
pub async fn read(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<String>>> {
    let Some(line) = line(from).await? else { return Ok(None) };
    let Some(count) = line.strip_prefix('*') else {
        return Ok(Some(line.split_whitespace().map(ToOwned::to_owned).collect()));
    };
    let count = number(count, MOST_ARGUMENTS)?;
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        let head = self::line(from).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let length = number(head.strip_prefix('$').ok_or(io::ErrorKind::InvalidData)?, LONGEST)?;
        let mut bytes = vec![0; length + 2];
        from.read_exact(&mut bytes).await?;
        bytes.truncate(length);
        words.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(Some(words))
}

fn number(text: &str, most: usize) -> io::Result<usize> {
    text.parse().ok().filter(|n| *n <= most).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut limited = (&mut *from).take(LONGEST as u64);
    limited.read_until(b'\n', &mut bytes).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commands_come_as_arrays_or_as_lines_and_nothing_else_hangs() {
        let mut from: &[u8] = b"*2\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\nPING now\r\n";
        assert_eq!(read(&mut from).await.unwrap().unwrap(), ["CLIENT", "LIST"]);
        assert_eq!(read(&mut from).await.unwrap().unwrap(), ["PING", "now"]);
        assert_eq!(read(&mut from).await.unwrap(), None);
        for bad in ["*1\r\n+PING\r\n", "*9999999\r\n", "*1\r\n$4\r\nPI", "*x\r\n", "*1\r\n$-1\r\n"] {
            assert!(read(&mut bad.as_bytes()).await.is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_reply_is_written_as_redis_writes_it() {
        let mut bytes = Vec::new();
        Reply::List(vec![Reply::Int(7), Reply::Bulk("é".into()), Reply::Ok]).write(&mut bytes);
        assert_eq!(bytes, "*3\r\n:7\r\n$2\r\né\r\n+OK\r\n".as_bytes());
    }
}
