//! `History`: the last octets of plain text, to which a peer's later messages may refer.

/// The last octets of all messages, at most as many as the peer's window has. The memory grows with
/// what came.
#[derive(Debug)]
pub(super) struct History {
    octets: Vec<u8>,
    /// Index of the oldest octet, once the window is full.
    oldest: usize,
    most: usize,
}

impl History {
    /// Creates an empty one for a window of 2^`bits` octets.
    pub(super) fn new(bits: u8) -> Self {
        History { octets: Vec::new(), oldest: 0, most: 1 << bits.clamp(8, 15) }
    }

    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    /// Adds what follows.
    pub(super) fn extend(&mut self, plain: &[u8]) {
        let plain = &plain[plain.len().saturating_sub(self.most)..];
        let free = self.most - self.octets.len();
        let (append, replace) = plain.split_at(plain.len().min(free));
        self.reserve(append.len());
        self.octets.extend_from_slice(append);
        let (end, start) = replace.split_at(replace.len().min(self.most - self.oldest));
        self.octets[self.oldest..][..end.len()].copy_from_slice(end);
        self.octets[..start.len()].copy_from_slice(start);
        self.oldest = (self.oldest + replace.len()) % self.most;
    }

    /// Returns it, the oldest octet first.
    pub(super) fn in_order(&mut self) -> &[u8] {
        self.octets.rotate_left(self.oldest);
        self.oldest = 0;
        &self.octets
    }

    /// Makes room, but never more than the window.
    fn reserve(&mut self, more: usize) {
        let needed = self.octets.len() + more;
        if needed > self.octets.capacity() {
            let capacity = needed.max(2 * self.octets.capacity()).min(self.most);
            self.octets.reserve_exact(capacity - self.octets.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_octets_stay_in_order_whatever_the_portions() {
        let plain: Vec<u8> = (0..2000u32).map(|n| (n * 7 % 251) as u8).collect();
        for portion in [1, 3, 100, 255, 256, 257, 700] {
            let mut history = History::new(8);
            let mut length = 0;
            for (turn, part) in plain.chunks(portion).enumerate() {
                history.extend(part);
                length += part.len();
                if turn % 3 == 0 {
                    let start = length.saturating_sub(256);
                    assert_eq!(history.in_order(), &plain[start..length], "{portion}, {length}");
                }
                assert!(history.octets.capacity() <= 256);
            }
            assert_eq!(history.in_order(), &plain[plain.len() - 256..], "{portion}");
        }
    }
}
