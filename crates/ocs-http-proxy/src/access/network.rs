//! Networks.

use std::cmp::Reverse;
use std::net::IpAddr;

use ocs_protocol::outbound;

/// A network: the addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads what OCS sent; `None` where it is no network.
    pub(super) fn read(network: &outbound::Network) -> Option<Self> {
        let address: IpAddr = network.address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        (network.prefix <= bits).then_some(Self {
            address,
            prefix: network.prefix,
        })
    }

    /// What small networks come first by.
    pub(super) fn order(&self) -> Reverse<u32> {
        Reverse(self.prefix)
    }

    /// Whether an address is in it; IPv4 that came over IPv6 is IPv4.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let other = network.to_bits() ^ address.to_bits();
                other.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let other = network.to_bits() ^ address.to_bits();
                other.leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}
