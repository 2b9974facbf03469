//! The masks of a client's frames (RFC 6455, section 5.3).

/// A mask, as it is in a header.
pub type Mask = [u8; 4];

/// Octets that are changed in one step. The compiler makes vector instructions of it.
const STEP: usize = 32;

/// Masks octets, or unmasks them. `position` is that of the first one in the payload of the frame.
pub fn apply(mask: Mask, position: usize, octets: &mut [u8]) {
    let mask = rotated(mask, position);
    let mut wide = [0; STEP];
    for (octet, mask) in wide.iter_mut().zip(mask.into_iter().cycle()) {
        *octet = mask;
    }
    let (steps, rest) = octets.as_chunks_mut::<STEP>();
    for step in steps {
        for (octet, mask) in step.iter_mut().zip(wide) {
            *octet ^= mask;
        }
    }
    for (octet, mask) in rest.iter_mut().zip(wide) {
        *octet ^= mask;
    }
}

/// Returns the mask as it begins at this position.
fn rotated(mut mask: Mask, position: usize) -> Mask {
    mask.rotate_left(position % 4);
    mask
}
