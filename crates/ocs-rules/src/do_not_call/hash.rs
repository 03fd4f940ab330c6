//! Keys of what is no number: a hash that is the same in every process and every
//! version, because it is stored.

/// What says that a key is a hash, not the digits of a number.
const HASHED: u64 = 1 << 63;

/// 64-bit FNV-1a.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The key of an address: capital letters are like small ones.
pub(super) fn of_address(text: &str) -> u64 {
    if text.is_ascii() {
        return of(text.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    of(text.to_lowercase().into_bytes().into_iter())
}

/// The key of bytes.
pub(super) fn of(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes.fold(BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    HASHED | hash
}
