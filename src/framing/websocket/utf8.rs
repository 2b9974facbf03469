//! Incremental validation of UTF-8 (RFC 6455, section 8.1): the first octet that cannot be valid is an
//! error, even in the middle of a frame.

use std::str;

/// Length of the longest incomplete character.
const LONGEST: usize = 3;

/// Checks octets that come in parts. A character may be split between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8 {
    /// The beginning of an incomplete character.
    begun: [u8; LONGEST + 1],
    count: u8,
}

/// The octets are not valid UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8;

impl Utf8 {
    /// Checks the next octets.
    ///
    /// # Errors
    /// Returns [`NotUtf8`] if they cannot be continued to valid UTF-8.
    pub fn push(&mut self, octets: &[u8]) -> Result<(), NotUtf8> {
        let mut rest = octets;
        while self.count > 0
            && let Some((&octet, behind)) = rest.split_first()
        {
            rest = behind;
            let count = usize::from(self.count);
            self.begun[count] = octet;
            self.count = match str::from_utf8(&self.begun[..=count]) {
                Ok(_) => 0,
                Err(error) if error.error_len().is_none() => self.count + 1,
                Err(_) => return Err(NotUtf8),
            };
        }
        if let Err(error) = crate::utf8::check(rest) {
            let begun = &rest[error.valid_up_to()..];
            if error.error_len().is_some() || begun.len() > LONGEST {
                return Err(NotUtf8);
            }
            self.begun[..begun.len()].copy_from_slice(begun);
            self.count = begun.len() as u8;
        }
        Ok(())
    }

    /// Ends the text, and begins the next one.
    ///
    /// # Errors
    /// Returns [`NotUtf8`] if a character is incomplete.
    pub fn finish(&mut self) -> Result<(), NotUtf8> {
        match std::mem::take(&mut self.count) {
            0 => Ok(()),
            _ => Err(NotUtf8),
        }
    }
}
