//! The masks of a client's frames (RFC 6455, section 5.3).

/// A mask, as it is in a header.
pub type Mask = [u8; 4];

/// Masks octets, or unmasks them. `position` is that of the first one in the payload of the frame.
#[inline]
pub fn apply(mask: Mask, position: usize, octets: &mut [u8]) {
    let mask = rotated(mask, position);
    let word = u32::from_ne_bytes(mask);
    // The compiler makes vector instructions of this loop.
    let (words, rest) = octets.as_chunks_mut::<{ size_of::<Mask>() }>();
    for octets in words {
        *octets = (u32::from_ne_bytes(*octets) ^ word).to_ne_bytes();
    }
    for (octet, mask) in rest.iter_mut().zip(mask) {
        *octet ^= mask;
    }
}

/// Returns the mask as it begins at this position.
fn rotated(mut mask: Mask, position: usize) -> Mask {
    mask.rotate_left(position % size_of::<Mask>());
    mask
}
