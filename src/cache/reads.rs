//! Whether a command only reads: those that do are a list, all others may change something.

const READ: &str = " GET MGET STRLEN GETRANGE GETBIT BITCOUNT BITPOS EXISTS TTL PTTL EXPIRETIME TYPE KEYS SCAN RANDOMKEY DUMP \
    HGET HMGET HGETALL HLEN HKEYS HVALS HEXISTS HSCAN HSTRLEN LLEN LRANGE LINDEX LPOS SCARD SMEMBERS SISMEMBER SMISMEMBER \
    SRANDMEMBER SSCAN ZCARD ZRANGE ZREVRANGE ZRANGEBYSCORE ZSCORE ZRANK ZCOUNT ZSCAN XLEN XRANGE XREVRANGE XINFO XPENDING \
    PFCOUNT DBSIZE INFO PING ECHO TIME LASTSAVE ROLE OBJECT COMMAND SELECT ";

const OF_TWO_WORDS: &str = " MEMORY USAGE, MEMORY STATS, MEMORY DOCTOR, CLIENT LIST, CLIENT INFO, CLIENT ID, CLIENT GETNAME, \
    CONFIG GET, SLOWLOG GET, SLOWLOG LEN, LATENCY LATEST, LATENCY HISTORY, LATENCY DOCTOR, CLUSTER INFO, CLUSTER NODES, \
    CLUSTER SLOTS, CLUSTER SHARDS, ACL WHOAMI, PUBSUB CHANNELS, PUBSUB NUMSUB,";

/// It may be sent again: nothing changes by it.
pub fn only_reads(command: &[String]) -> bool {
    let word = |at: usize| command.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let is_plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
    let (first, second) = (word(0), word(1));
    is_plain(&first)
        && (READ.contains(&format!(" {first} "))
            || (is_plain(&second) && OF_TWO_WORDS.contains(&format!(" {first} {second},"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_read_is_ever_sent_again() {
        let reads = |line: &str| only_reads(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(["INFO", "info memory", "client LIST", "GET x", "SLOWLOG GET 10"].into_iter().all(reads));
        for line in [
            "BGSAVE",
            "SET x 1",
            "CLIENT KILL",
            "CONFIG SET a b",
            "SLOWLOG RESET",
            "GETDEL x",
            "",
            "MEMORY PURGE",
            "EVAL x 0",
        ] {
            assert!(!reads(line), "{line}");
        }
    }
}
