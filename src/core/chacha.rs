//! The key stream of ChaCha20 (RFC 8439, section 2.3): numbers that cannot be foretold from earlier ones.

/// Numbers of 64 bits in one block.
const NUMBERS: usize = 8;

/// A key stream. The same key gives the same numbers.
#[derive(Clone)]
pub(super) struct ChaCha {
    key: [u32; 8],
    block: u32,
    nonce: [u32; 3],
    numbers: [u64; NUMBERS],
    used: usize,
}

impl ChaCha {
    /// Creates the stream of a key and a number; other numbers give other streams.
    pub(super) fn new(key: [u8; 32], stream: [u32; 2]) -> Self {
        let (words, _) = key.as_chunks::<4>();
        let mut key = [0; 8];
        for (word, octets) in key.iter_mut().zip(words) {
            *word = u32::from_le_bytes(*octets);
        }
        let [low, high] = stream;
        ChaCha { key, block: 0, nonce: [0, low, high], numbers: [0; NUMBERS], used: NUMBERS }
    }

    /// Returns the next number.
    pub(super) fn next(&mut self) -> u64 {
        if self.used == NUMBERS {
            self.fill();
        }
        // Used once: the memory does not keep it.
        let number = self.numbers.get_mut(self.used).map(std::mem::take).unwrap_or_default();
        self.used += 1;
        number
    }

    fn fill(&mut self) {
        let words = block(&self.key, self.block, &self.nonce);
        let (pairs, _) = words.as_chunks::<2>();
        for (number, [low, high]) in self.numbers.iter_mut().zip(pairs) {
            *number = u64::from(*low) | u64::from(*high) << 32;
        }
        self.used = 0;
        self.block = self.block.wrapping_add(1);
        if self.block == 0 {
            self.nonce[0] = self.nonce[0].wrapping_add(1);
        }
    }
}

impl std::fmt::Debug for ChaCha {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChaCha(…)")
    }
}

fn block(key: &[u32; 8], counter: u32, nonce: &[u32; 3]) -> [u32; 16] {
    let [a, b, c, d, e, f, g, h] = *key;
    let [n0, n1, n2] = *nonce;
    let constants = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
    let [c0, c1, c2, c3] = constants;
    let start = [c0, c1, c2, c3, a, b, c, d, e, f, g, h, counter, n0, n1, n2];
    let mut state = start;
    for _ in 0..10 {
        for [a, b, c, d] in [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]] {
            quarter_round(&mut state, a, b, c, d);
        }
        for [a, b, c, d] in [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]] {
            quarter_round(&mut state, a, b, c, d);
        }
    }
    for (word, start) in state.iter_mut().zip(start) {
        *word = word.wrapping_add(start);
    }
    state
}

fn quarter_round(state: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    state[a] = state[a].wrapping_add(state[b]);
    state[d] = (state[d] ^ state[a]).rotate_left(16);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_left(12);
    state[a] = state[a].wrapping_add(state[b]);
    state[d] = (state[d] ^ state[a]).rotate_left(8);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_left(7);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row13_the_block_is_that_of_the_rfc() {
        // RFC 8439, section 2.3.2.
        let key: [u8; 32] = std::array::from_fn(|index| index as u8);
        let key = ChaCha::new(key, [0; 2]).key;
        let words = block(&key, 1, &[0x0900_0000, 0x4a00_0000, 0]);
        assert_eq!(words[..4], [0xe4e7_f110, 0x1559_3bd1, 0x1fdd_0f50, 0xc471_20a3]);
        assert_eq!(words[12..], [0xd19c_12b5, 0xb94e_16de, 0xe883_d0cb, 0x4e3c_50a2]);
    }
}
