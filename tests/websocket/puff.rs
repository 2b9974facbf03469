//! A small decompressor after RFC 1951, to compare with: one that shares nothing with ours.

/// Plain text of raw deflate, and how it was written.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Puffed {
    pub(crate) plain: Vec<u8>,
    /// Longest distance of a reference.
    pub(crate) distance: usize,
}

struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<usize> {
        let octet = *self.octets.get(self.at / 8)?;
        let bit = octet >> (self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    fn number(&mut self, bits: usize) -> Option<usize> {
        (0..bits).try_fold(0, |sum, at| Some(sum | self.bit()? << at))
    }

    fn symbol(&mut self, code: &Code) -> Option<usize> {
        let (mut value, mut first, mut index) = (0, 0, 0);
        for count in code.counts {
            value = value << 1 | self.bit()?;
            if value < first + count {
                return code.symbols.get(index + value - first).copied();
            }
            index += count;
            first = (first + count) << 1;
        }
        None
    }
}

/// A Huffman code: the number of symbols of each length from 1 on, and the symbols in that order.
struct Code {
    counts: [usize; 15],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let of_length = |length| (0..lengths.len()).filter(move |at| lengths[*at] == length);
        Code {
            counts: std::array::from_fn(|at| of_length(at + 1).count()),
            symbols: (1..=15).flat_map(of_length).collect(),
        }
    }
}

/// Base and number of extra bits of each length and distance (RFC 1951, section 3.2.5).
fn scale(symbol: usize, steps: usize, first: usize) -> (usize, usize) {
    let mut base = first;
    for at in 0..symbol {
        base += 1 << extra(at, steps);
    }
    (base, extra(symbol, steps))
}

fn extra(symbol: usize, steps: usize) -> usize {
    (symbol / steps).saturating_sub(1)
}

/// Reads a stream up to its final block, or to the end of the octets between two blocks.
pub(crate) fn puff(octets: &[u8]) -> Option<Puffed> {
    let mut bits = Bits { octets, at: 0 };
    let mut puffed = Puffed::default();
    while bits.at.div_ceil(8) < octets.len() {
        let last = bits.bit()? == 1;
        match bits.number(2)? {
            0 => stored(&mut bits, &mut puffed)?,
            1 => {
                let lengths: Vec<_> = (0..288)
                    .map(|symbol| match symbol {
                        0..=143 => 8,
                        144..=255 => 9,
                        256..=279 => 7,
                        _ => 8,
                    })
                    .collect();
                block(&mut bits, &mut puffed, &lengths, &[5; 30])?;
            }
            2 => {
                let (lengths, distances) = tables(&mut bits)?;
                block(&mut bits, &mut puffed, &lengths, &distances)?;
            }
            _ => return None,
        }
        if last {
            break;
        }
    }
    Some(puffed)
}

fn stored(bits: &mut Bits<'_>, puffed: &mut Puffed) -> Option<()> {
    bits.at = bits.at.next_multiple_of(8);
    let length = bits.number(16)?;
    if bits.number(16)? != length ^ 0xffff {
        return None;
    }
    for _ in 0..length {
        puffed.plain.push(bits.number(8)? as u8);
    }
    Some(())
}

fn tables(bits: &mut Bits<'_>) -> Option<(Vec<usize>, Vec<usize>)> {
    let literals = bits.number(5)? + 257;
    let distances = bits.number(5)? + 1;
    let codes = bits.number(4)? + 4;
    let mut order = [0; 19];
    for at in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].iter().take(codes)
    {
        order[*at] = bits.number(3)?;
    }
    let order = Code::new(&order);
    let mut lengths: Vec<usize> = Vec::new();
    while lengths.len() < literals + distances {
        let (length, times) = match bits.symbol(&order)? {
            16 => (*lengths.last()?, 3 + bits.number(2)?),
            17 => (0, 3 + bits.number(3)?),
            18 => (0, 11 + bits.number(7)?),
            length => (length, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times));
    }
    let distances = lengths.split_off(literals);
    Some((lengths, distances))
}

fn block(
    bits: &mut Bits<'_>,
    puffed: &mut Puffed,
    lengths: &[usize],
    distances: &[usize],
) -> Option<()> {
    let (lengths, distances) = (Code::new(lengths), Code::new(distances));
    loop {
        let symbol = bits.symbol(&lengths)?;
        let length = match symbol {
            256 => return Some(()),
            0..=255 => {
                puffed.plain.push(symbol as u8);
                continue;
            }
            285 => 258,
            _ => {
                let (base, extra) = scale(symbol - 257, 4, 3);
                base + bits.number(extra)?
            }
        };
        let (base, extra) = scale(bits.symbol(&distances)?, 2, 1);
        let distance = base + bits.number(extra)?;
        puffed.distance = puffed.distance.max(distance);
        for _ in 0..length {
            let at = puffed.plain.len().checked_sub(distance)?;
            puffed.plain.push(puffed.plain[at]);
        }
    }
}
