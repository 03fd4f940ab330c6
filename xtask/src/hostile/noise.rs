//! Bytes that nobody meant: at random, and requests with some bytes changed.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What is changed.
const REQUESTS: &[&str] = &[
    "GET /lists HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /lists/Bench?req=AddRecord HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n\
     {\"GSW_PHONE\":\"1\"}",
    "POST /lists/Bench?req=AddRecord HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
     11\r\n{\"GSW_PHONE\":\"1\"}\r\n0\r\n\r\n",
    "\x16\x03\x01\x02\0\x01\0\x01\u{7f}\x03\x03",
];

/// The same bytes each time: what is found can be found again.
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Sends them for so long, each on a connection of its own.
pub(super) fn random(port: u16, long: Duration) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut dice = Dice(SEED);
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < long {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(20))
            .context("the port does not take a connection")?;
        stream.set_read_timeout(Some(Duration::from_millis(1)))?;
        // It may be refused, and cut, in the middle.
        let _ = stream.write_all(&dice.noise());
        let _ = stream.read(&mut [0; 512]);
        sent += 1;
    }
    println!("    {sent} connections with noise");
    Ok(())
}

/// xorshift64*.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let rolled = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(rolled).unwrap_or(0) % sides
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap_or(0)
    }

    fn noise(&mut self) -> Vec<u8> {
        if self.roll(4) == 0 {
            let length = self.roll(4_000);
            return (0..length).map(|_| self.byte()).collect();
        }
        let mut bytes = REQUESTS[self.roll(REQUESTS.len())].as_bytes().to_vec();
        for _ in 0..=self.roll(3) {
            let at = self.roll(bytes.len());
            match self.roll(3) {
                0 => bytes[at] = self.byte(),
                1 => bytes.insert(at, self.byte()),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    }
}
